-- Which node handles an envelope: the one whose session inserts it. Each node's sessions know its number.

ALTER TABLE inbox ADD COLUMN node BIGINT DEFAULT nullif(current_setting('countersign.node', true), '')::bigint;
