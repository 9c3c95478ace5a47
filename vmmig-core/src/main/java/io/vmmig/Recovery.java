// SPDX-License-Identifier: Apache-2.0
package io.vmmig;

import io.vmmig.error.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.pipeline.ConsumedPackages;
import io.vmmig.pipeline.RecoveryRun;
import io.vmmig.report.RecoveryReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.HandOverOutcomes;
import io.vmmig.transport.Peers;
import io.vmmig.transport.StoredPackages;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Finishes or rolls back the migrations that a crash, a power failure or a lost connection has interrupted at this host. Run it when a
 * program that moves guests starts, and again as long as the report leaves something open:
 *
 * <pre>{@code
 * RecoveryReport report = Recovery.of(hypervisor)
 *         .state(state)
 *         .asking(address -> TlsTransport.to(address).as(identity).trusting(nodes))
 *         .run();
 * }</pre>
 *
 * <p>It leaves migrations alone that are under way in this or another process. Repeating it is safe: a resolved migration does not change.
 * Immutable.
 */
public final class Recovery {
    private final Hypervisor hypervisor;
    private final @Nullable HostState state;
    private final @Nullable Peers peers;

    private Recovery(Hypervisor hypervisor, @Nullable HostState state, @Nullable Peers peers) {
        this.hypervisor = hypervisor;
        this.state = state;
        this.peers = peers;
    }

    /** Recovers guests of this hypervisor, which the caller owns. */
    public static Recovery of(Hypervisor hypervisor) {
        return new Recovery(hypervisor, null, null);
    }

    /** The host's state, as given to {@link Migrator#state} and {@link Receiver#state}. Required. */
    public Recovery state(HostState store) {
        return new Recovery(hypervisor, store, peers);
    }

    /**
     * How to reach destinations, when only the destination knows the outcome. Without it, such a guest stays paused. Package files need no
     * {@code Peers}.
     */
    public Recovery asking(Peers others) {
        return new Recovery(hypervisor, state, others);
    }

    /**
     * Resolves a migration that was {@linkplain RecoveryReport.Result#LEFT_OPEN left open}, as decided by a person who has looked at both
     * hosts. Call it at the destination first, then at the source, with the same answer. Each host finishes what is left to do there and no
     * longer reports the migration. If the hosts know the outcome themselves, the answer is ignored. At the end where the guest does not
     * belong, a paused guest is removed with its files. A running guest is left alone, and the migration stays {@code LEFT_OPEN} until
     * somebody ends it.
     *
     * @param packageId as in {@link RecoveryReport.Resolution#packageId}
     * @param guestLivesAt the end of the migration at which the guest runs, or ran until it ended by itself
     * @return what was done; empty when this host has no open migration of that package
     * @throws VmmigException when the journal cannot be read or written, the migration is under way, or the hypervisor cannot be reached
     * @throws IllegalStateException if {@link #state} was not called
     */
    public RecoveryReport keepOnlyAt(UUID packageId, RecoveryReport.Side guestLivesAt) throws VmmigException {
        return pipeline().decide(packageId, guestLivesAt);
    }

    /**
     * Resolves what it can. A failure for one guest is in the report, and does not keep the next from being recovered.
     *
     * @throws VmmigException when the journals cannot be read, or the hypervisor cannot be reached
     * @throws IllegalStateException if {@link #state} was not called
     */
    public RecoveryReport run() throws VmmigException {
        return pipeline().run();
    }

    private RecoveryRun pipeline() {
        if (state == null) {
            throw new IllegalStateException("say where this host keeps its state with state(…)");
        }
        return new RecoveryRun(hypervisor, state, peers);
    }

    /** Answers, from this host's journals, to sources that lost the connection during a hand-over. */
    public static HandOverOutcomes outcomesIn(HostState state) {
        return (packageId, asker) -> ArrivalJournal.outcomeOf(state, packageId, asker);
    }

    /** Answers, from this host's journals, to sources that wait for a receipt from this host. */
    public static StoredPackages storedPackagesIn(HostState state) {
        return ConsumedPackages.of(state);
    }
}
