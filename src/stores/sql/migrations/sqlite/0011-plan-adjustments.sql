-- What was added to limits of a tenant's plan for this tenant alone, as JSON by the ids of the limits.
ALTER TABLE tenants ADD COLUMN plan_adjustments TEXT NOT NULL DEFAULT '{}';
