// SPDX-License-Identifier: Apache-2.0
package io.vmmig;

import io.vmmig.error.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.pipeline.RecoveryRun;
import io.vmmig.pipeline.StoredOutcomes;
import io.vmmig.report.RecoveryReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.HandOverOutcomes;
import io.vmmig.transport.Peers;
import io.vmmig.transport.StoredPackages;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Finishes or undoes the migrations that a crash, a power failure or a lost connection has cut short at this host. To be called when
 * a program starts that moves guests, and again as long as something is left open:
 *
 * <pre>{@code
 * RecoveryReport report = Recovery.of(hypervisor)
 *         .state(state)
 *         .asking(address -> TlsTransport.to(address).as(identity).trusting(nodes))
 *         .run();
 * }</pre>
 *
 * <p>Migrations that are under way, in this process or in another, are left alone. May be repeated at will: what is settled
 * stays as it is. Immutable.
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

    /** Guests of this hypervisor, which stays the caller's. */
    public static Recovery of(Hypervisor hypervisor) {
        return new Recovery(hypervisor, null, null);
    }

    /** The host's state, which {@link Migrator#state} and {@link Receiver#state} were told. Required. */
    public Recovery state(HostState store) {
        return new Recovery(hypervisor, store, peers);
    }

    /**
     * Destinations are found in this way, where only they know what became of a guest. Without it such a guest is left paused. Package
     * files are found without it.
     */
    public Recovery asking(Peers others) {
        return new Recovery(hypervisor, state, others);
    }

    /**
     * Resolves a migration that was {@linkplain RecoveryReport.Result#LEFT_OPEN left open}, as decided by a person who has looked at both
     * hosts. Call it at the destination first, then at the source, with the same answer. Each host finishes what is left to do there and
     * no longer reports the migration. If the hosts know the outcome themselves, the answer is ignored. Where the guest is not to live, a
     * paused guest is removed with its files. A running guest is left alone, and the migration stays {@code LEFT_OPEN} until somebody ends it.
     *
     * @param packageId as {@link RecoveryReport.Settlement#packageId} says it
     * @param guestLivesAt at which end of the migration the guest lives, or has lived on and ended by itself
     * @return what was done; nothing when nothing is open here of that package
     * @throws VmmigException when the notes cannot be read or written, the migration is under way, or the hypervisor cannot be reached
     * @throws IllegalStateException when it was not said where the migrations were noted
     */
    public RecoveryReport keepOnlyAt(UUID packageId, RecoveryReport.Side guestLivesAt) throws VmmigException {
        return pipeline().decide(packageId, guestLivesAt);
    }

    /**
     * Settles what can be settled. What fails for one guest is in the report, and is no reason not to go on with the next.
     *
     * @throws VmmigException when the notes cannot be read, or the hypervisor cannot be reached
     * @throws IllegalStateException when it was not said where the migrations were noted
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

    /** What sources are to be told that have lost the connection to this host, by this host's journals. */
    public static HandOverOutcomes outcomesIn(HostState state) {
        return (packageId, asker) -> ArrivalJournal.outcomeOf(state, packageId, asker);
    }

    /** What sources are to be told that wait for a receipt of this host, by this host's journals. */
    public static StoredPackages storedPackagesIn(HostState state) {
        return new StoredOutcomes(state);
    }
}
