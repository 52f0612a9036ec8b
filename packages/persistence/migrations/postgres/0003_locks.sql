CREATE TABLE "mofa_lock" (
	"n" bigserial PRIMARY KEY NOT NULL,
	"name" text COLLATE "C" NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "mofa_lock_name_unique" ON "mofa_lock" USING btree ("name");