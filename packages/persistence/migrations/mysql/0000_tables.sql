CREATE TABLE `mofa_document` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`id` varbinary(2048) NOT NULL,
	`version` bigint NOT NULL,
	`body` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`at` bigint NOT NULL,
	CONSTRAINT `mofa_document_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_document_id_unique` UNIQUE(`id`)
);
--> statement-breakpoint
CREATE TABLE `mofa_entry` (
	`place` bigint NOT NULL,
	`turn` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`body` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`at` bigint NOT NULL,
	CONSTRAINT `mofa_entry_place` PRIMARY KEY(`place`)
);
--> statement-breakpoint
CREATE TABLE `mofa_fact` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`namespace` bigint NOT NULL,
	`id` varbinary(2048) NOT NULL,
	`text` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`meta` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`words` bigint NOT NULL,
	`at` bigint NOT NULL,
	CONSTRAINT `mofa_fact_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_fact_namespace_id_unique` UNIQUE(`namespace`,`id`)
);
--> statement-breakpoint
CREATE TABLE `mofa_namespace` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`id` varbinary(2048) NOT NULL,
	`facts` bigint NOT NULL,
	`words` bigint NOT NULL,
	CONSTRAINT `mofa_namespace_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_namespace_id_unique` UNIQUE(`id`)
);
--> statement-breakpoint
CREATE TABLE `mofa_row` (
	`place` bigint NOT NULL,
	`epoch` bigint NOT NULL,
	`key` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`parent` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`type` varbinary(2048) NOT NULL,
	`kind` varbinary(2048) NOT NULL,
	`name` varbinary(2048) NOT NULL,
	`body` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`error` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`at` bigint NOT NULL,
	CONSTRAINT `mofa_row_place` PRIMARY KEY(`place`)
);
--> statement-breakpoint
CREATE TABLE `mofa_run` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`id` varbinary(2048) NOT NULL,
	`kind` varbinary(2048) NOT NULL,
	`name` varbinary(2048) NOT NULL,
	`version` varbinary(2048),
	`input` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`status` varbinary(2048) NOT NULL,
	`output` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`error` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`epoch` bigint NOT NULL,
	`owner` varbinary(2048),
	`lease_until` bigint,
	`takeovers` bigint NOT NULL,
	`cancel_requested` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	`finished_at` bigint,
	CONSTRAINT `mofa_run_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_run_id_unique` UNIQUE(`id`)
);
--> statement-breakpoint
CREATE TABLE `mofa_session` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`id` varbinary(2048) NOT NULL,
	`length` bigint NOT NULL,
	`at` bigint NOT NULL,
	CONSTRAINT `mofa_session_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_session_id_unique` UNIQUE(`id`)
);
--> statement-breakpoint
CREATE TABLE `mofa_task` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`token` varbinary(2048) NOT NULL,
	`run` bigint NOT NULL,
	`key` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`question` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	`expires_at` bigint,
	`status` varbinary(2048) NOT NULL,
	`answer` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
	`created_at` bigint NOT NULL,
	CONSTRAINT `mofa_task_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_task_token_unique` UNIQUE(`token`)
);
--> statement-breakpoint
CREATE TABLE `mofa_word` (
	`namespace` bigint NOT NULL,
	`word` varbinary(2048) NOT NULL,
	`fact` bigint NOT NULL,
	`count` bigint NOT NULL,
	CONSTRAINT `mofa_word_namespace_word_fact_pk` PRIMARY KEY(`namespace`,`word`,`fact`)
);
--> statement-breakpoint
CREATE INDEX `mofa_run_status_n` ON `mofa_run` (`status`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_run_name_n` ON `mofa_run` (`name`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_run_lease_until` ON `mofa_run` (`lease_until`);--> statement-breakpoint
CREATE INDEX `mofa_session_at_id` ON `mofa_session` (`at`,`id`);--> statement-breakpoint
CREATE INDEX `mofa_task_status_n` ON `mofa_task` (`status`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_task_run_n` ON `mofa_task` (`run`,`n`);--> statement-breakpoint
CREATE INDEX `mofa_word_fact` ON `mofa_word` (`fact`);