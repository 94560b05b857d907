-- Which node handles an envelope. Where one process works on the database, as it does on SQLite, it is always its own.

ALTER TABLE inbox ADD COLUMN node INTEGER;
