ALTER TABLE "mofa_fact" ADD COLUMN "source" text;--> statement-breakpoint
CREATE INDEX "mofa_fact_namespace_at_n" ON "mofa_fact" USING btree ("namespace","at","n");