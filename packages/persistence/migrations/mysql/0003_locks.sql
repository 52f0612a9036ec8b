CREATE TABLE `mofa_lock` (
	`n` bigint AUTO_INCREMENT NOT NULL,
	`name` varbinary(2048) NOT NULL,
	CONSTRAINT `mofa_lock_n` PRIMARY KEY(`n`),
	CONSTRAINT `mofa_lock_name_unique` UNIQUE(`name`)
);
