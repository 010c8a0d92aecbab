"""The public vocabulary: types, inputs, enums, errors. Fields are declared; no SQL, no rules."""
