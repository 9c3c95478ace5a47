// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import java.time.Duration;

/** The default timeouts, and checks of timeouts. */
public final class Timeouts {
    static final Duration MIGRATION = Duration.ofDays(1);
    static final Duration SUSPENSION = Duration.ofHours(6);
    static final Duration INQUIRY = Duration.ofSeconds(30);
    static final Duration HYPERVISOR = Duration.ofMinutes(1);

    private Timeouts() {}

    /** Returns the timeout if it is positive, otherwise throws {@link IllegalArgumentException}. */
    public static Duration positive(Duration timeout) {
        if (timeout.isZero()) {
            throw new IllegalArgumentException("a timeout of zero");
        }
        return notNegative(timeout);
    }

    /** Returns the timeout if it is not negative, otherwise throws {@link IllegalArgumentException}; zero means one attempt. */
    public static Duration notNegative(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("a negative timeout: " + timeout);
        }
        return timeout;
    }
}
