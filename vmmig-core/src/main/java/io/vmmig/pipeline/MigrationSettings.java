// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.DomainPolicy;
import io.vmmig.event.MigrationListener;
import io.vmmig.snapshot.HeapBudget;
import io.vmmig.state.HostState;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The settings that both ends of a migration have. Changed only by {@link #with}. */
public abstract class MigrationSettings<S extends MigrationSettings<S>> implements Cloneable {
    /** How many migrations the heap and the processors allow at once. */
    static final int AT_ONCE = HeapBudget.ofThisProgram().migrations();

    public @Nullable HostState state;
    public DomainPolicy policy = DomainPolicy.standard();
    public boolean leaveClock;
    public Semaphore admission;
    public Duration migrationTimeout = Duration.ofDays(1);
    public Duration hypervisorTimeout = Duration.ofMinutes(1);
    public List<MigrationListener> listeners = List.of();

    MigrationSettings(Semaphore admission) {
        this.admission = admission;
    }

    /** A changed copy. */
    @SuppressWarnings("unchecked")
    public S with(Consumer<S> change) {
        try {
            S copy = (S) clone();
            change.accept(copy);
            return copy;
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }

    /** Adds a listener. */
    public void listen(MigrationListener listener) {
        listeners = Stream.concat(listeners.stream(), Stream.of(listener)).toList();
    }

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
