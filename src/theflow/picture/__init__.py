"""Pictures of flows: one layout that terminal, file and page share. Pure: nodes go in, text comes out."""
