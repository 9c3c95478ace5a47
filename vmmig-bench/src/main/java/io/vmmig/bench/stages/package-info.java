// SPDX-License-Identifier: Apache-2.0
/** JMH benchmarks of the stages of the data path, each alone. */
@org.jspecify.annotations.NullMarked
package io.vmmig.bench.stages;
