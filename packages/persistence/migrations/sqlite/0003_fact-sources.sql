ALTER TABLE `mofa_fact` ADD `source` text;--> statement-breakpoint
CREATE INDEX `mofa_fact_namespace_at_n` ON `mofa_fact` (`namespace`,`at`,`n`);