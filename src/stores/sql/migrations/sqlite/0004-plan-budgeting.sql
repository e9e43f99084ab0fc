-- How the budgets of a plan hold, as JSON; what it leaves out is as usual.
ALTER TABLE plans ADD COLUMN budgeting TEXT NOT NULL DEFAULT '{}';
