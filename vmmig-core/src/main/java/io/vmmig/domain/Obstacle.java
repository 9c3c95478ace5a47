// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.Problem;

/**
 * A reason why a guest cannot move, found before it is touched.
 *
 * @param problem the kind of reason
 * @param what the obstacle, as one sentence
 * @param remedy advice, as one sentence
 */
public record Obstacle(Problem problem, String what, String remedy) {}
