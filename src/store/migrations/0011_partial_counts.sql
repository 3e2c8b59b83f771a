-- Calls that broke off before their provider's last count: what stands in their rows is the least they cost.

ALTER TABLE failed_calls ADD COLUMN partial INTEGER NOT NULL DEFAULT 0 CHECK (partial IN (0, 1));

DROP VIEW purchases;

-- Everything tasks bought. Look it up by task_id = a parameter, or by a range of `at`.
CREATE VIEW purchases AS
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at, 0 AS partial FROM answers
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, created_at, 0 FROM summaries
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at, partial FROM failed_calls
  UNION ALL
  SELECT task_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at, 0 FROM classifications;
