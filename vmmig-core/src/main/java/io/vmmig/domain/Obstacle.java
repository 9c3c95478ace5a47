// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.Problem;

/**
 * A reason why a guest cannot move, found before it is touched.
 *
 * @param problem what kind of reason it is
 * @param what what is in the way, as one sentence
 * @param remedy what can be done about it, as one sentence
 */
public record Obstacle(Problem problem, String what, String remedy) {}
