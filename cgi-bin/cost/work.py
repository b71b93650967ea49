#!/usr/bin/env python3
# nothing.py with some work to do: what it costs beyond that one is the work.
primes = [n for n in range(2, 10_000) if all(n % d for d in range(2, int(n**0.5) + 1))]
print("Content-Type: text/plain; charset=utf-8\n")
print(len(primes), "primes below 10,000")
