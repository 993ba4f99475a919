# Two commands for a stranger: `make demo` runs the main job, `make test` passes the tests.
# Each sets up what it needs.

.PHONY: demo test setup lint bench clean

demo:
	cargo run --release --quiet -p gatemark -- demo

test: setup lint
	scripts/test

setup:
	scripts/setup

lint:
	cargo fmt --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings

bench:
	scripts/bench

clean:
	cargo clean
