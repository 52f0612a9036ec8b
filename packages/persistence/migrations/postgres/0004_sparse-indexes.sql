DROP INDEX "mofa_run_lease_until";--> statement-breakpoint
DROP INDEX "mofa_run_status_wake_at";--> statement-breakpoint
DROP INDEX "mofa_run_dedupe";--> statement-breakpoint
DROP INDEX "mofa_run_parent_run";--> statement-breakpoint
DROP INDEX "mofa_run_queue_started_at";--> statement-breakpoint
DROP INDEX "mofa_run_finished_at";--> statement-breakpoint
CREATE INDEX "mofa_run_lease_until" ON "mofa_run" USING btree ("lease_until") WHERE "mofa_run"."lease_until" is not null;--> statement-breakpoint
CREATE INDEX "mofa_run_status_wake_at" ON "mofa_run" USING btree ("status","wake_at") WHERE "mofa_run"."wake_at" is not null;--> statement-breakpoint
CREATE INDEX "mofa_run_dedupe" ON "mofa_run" USING btree ("dedupe") WHERE "mofa_run"."dedupe" is not null;--> statement-breakpoint
CREATE INDEX "mofa_run_parent_run" ON "mofa_run" USING btree ("parent_run") WHERE "mofa_run"."parent_run" is not null;--> statement-breakpoint
CREATE INDEX "mofa_run_queue_started_at" ON "mofa_run" USING btree ("queue","started_at") WHERE "mofa_run"."started_at" is not null;--> statement-breakpoint
CREATE INDEX "mofa_run_finished_at" ON "mofa_run" USING btree ("finished_at") WHERE "mofa_run"."finished_at" is not null;