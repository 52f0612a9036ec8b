CREATE TABLE `mofa_fact` (
	`n` integer PRIMARY KEY NOT NULL,
	`namespace` integer NOT NULL,
	`id` text NOT NULL,
	`text` text NOT NULL,
	`meta` text,
	`words` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_fact_namespace_id_unique` ON `mofa_fact` (`namespace`,`id`);--> statement-breakpoint
CREATE TABLE `mofa_namespace` (
	`n` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`facts` integer NOT NULL,
	`words` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_namespace_id_unique` ON `mofa_namespace` (`id`);--> statement-breakpoint
CREATE TABLE `mofa_word` (
	`namespace` integer NOT NULL,
	`word` text NOT NULL,
	`fact` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`namespace`, `word`, `fact`)
);
--> statement-breakpoint
CREATE INDEX `mofa_word_fact` ON `mofa_word` (`fact`);