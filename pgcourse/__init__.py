"""pgcourse: move θ, watch J(θ) and ∇J(θ)."""
