// From which length on a value is taken for a secret. Hiding a shorter one would cut ordinary words out of messages.

export const LEAST_SECRET_CHARS = 8;
