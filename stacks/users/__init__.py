"""Users of Studio and of projects: their roles, profiles and spaces."""
