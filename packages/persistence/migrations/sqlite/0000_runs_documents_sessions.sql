CREATE TABLE `mofa_document` (
	`n` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`version` integer NOT NULL,
	`body` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_document_id_unique` ON `mofa_document` (`id`);--> statement-breakpoint
CREATE TABLE `mofa_entry` (
	`place` integer PRIMARY KEY NOT NULL,
	`turn` text NOT NULL,
	`body` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `mofa_row` (
	`place` integer PRIMARY KEY NOT NULL,
	`epoch` integer NOT NULL,
	`key` text NOT NULL,
	`parent` text NOT NULL,
	`type` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`body` text,
	`error` text,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `mofa_run` (
	`n` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`version` text,
	`input` text NOT NULL,
	`status` text NOT NULL,
	`output` text,
	`error` text,
	`epoch` integer NOT NULL,
	`owner` text,
	`lease_until` integer,
	`takeovers` integer NOT NULL,
	`cancel_requested` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_run_id_unique` ON `mofa_run` (`id`);--> statement-breakpoint
CREATE INDEX `mofa_run_status_n` ON `mofa_run` (`status`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_run_name_n` ON `mofa_run` (`name`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_run_lease_until` ON `mofa_run` (`lease_until`);--> statement-breakpoint
CREATE TABLE `mofa_session` (
	`n` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`length` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_session_id_unique` ON `mofa_session` (`id`);--> statement-breakpoint
CREATE INDEX `mofa_session_at_id` ON `mofa_session` (`at`,`id`);--> statement-breakpoint
CREATE TABLE `mofa_task` (
	`n` integer PRIMARY KEY NOT NULL,
	`token` text NOT NULL,
	`run` integer NOT NULL,
	`key` text NOT NULL,
	`question` text NOT NULL,
	`expires_at` integer,
	`status` text NOT NULL,
	`answer` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mofa_task_token_unique` ON `mofa_task` (`token`);--> statement-breakpoint
CREATE INDEX `mofa_task_status_n` ON `mofa_task` (`status`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_task_run_n` ON `mofa_task` (`run`,`n`);