// What a look at the database finds, as the store reports it and the command line shows it.

export interface DatabaseReport {
  readonly file: string;
  readonly exists: boolean;
  /** Of the file itself. */
  readonly bytes: number;
  /** Of what was committed since the last checkpoint. */
  readonly walBytes: number;
  readonly sqlite: string;
  readonly check: "quick_check" | "integrity_check";
  readonly migrations: readonly { readonly name: string; readonly applied: boolean }[];
  readonly tasks: number;
  readonly events: number;
}

export interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly principal: string;
  readonly capability: string;
  readonly resource: string | null;
  readonly decision: string;
  readonly rule: string;
  readonly hash: string;
}
