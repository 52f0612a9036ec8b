ALTER TABLE `mofa_fact` ADD `source` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;--> statement-breakpoint
CREATE INDEX `mofa_fact_namespace_at_n` ON `mofa_fact` (`namespace`,`at`,`n`);