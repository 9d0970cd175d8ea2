/*
 * fuzz.h - what a fuzz target is: a file fuzz_<name>.c with this one function.
 *
 * It takes any bytes, never fails, and asserts what must hold for all of them: decode, then encode,
 * is the identity; nothing crashes. Linked with libFuzzer it is a fuzzer, with replay.c a test.
 */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* data has exactly size readable bytes, and is borrowed for the call. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
