// SPDX-License-Identifier: Apache-2.0
package io.vmmig;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.Problem;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.pipeline.Cancellation;
import io.vmmig.pipeline.DestinationContext;
import io.vmmig.pipeline.DestinationMigration;
import io.vmmig.pipeline.MigrationSettings;
import io.vmmig.pipeline.ReceiveSettings;
import io.vmmig.pipeline.Recorder;
import io.vmmig.protection.PackageVerifier;
import io.vmmig.report.DestinationReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.StoredPackage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Receives guests from other hosts, and restores guests from stored packages; the counterpart of {@link Migrator}.
 *
 * <pre>{@code
 * Receiver receiver = Receiver.of(hypervisor).into(guests).state(state);
 * DestinationReport report = receiver.receive(listener.accept(timeout)).await();
 * }</pre>
 *
 * <p>Immutable: each method returns a changed copy, so one receiver can serve many guests.
 */
public final class Receiver {
    private final Hypervisor hypervisor;
    private final ReceiveSettings settings;

    private Receiver(Hypervisor hypervisor, ReceiveSettings settings) {
        this.hypervisor = hypervisor;
        this.settings = settings;
    }

    private Receiver with(Consumer<ReceiveSettings> change) {
        return new Receiver(hypervisor, settings.with(change));
    }

    /** Restores guests on this hypervisor. The caller owns it, and closes it only after the migration is over. */
    public static Receiver of(Hypervisor hypervisor) {
        return new Receiver(hypervisor, new ReceiveSettings());
    }

    /**
     * The directory of the guests. Each guest has its own directory in it, named after the guest. If the name has characters other than
     * ASCII letters, digits and {@code . _ + -}, does not begin with a letter or digit, or is longer than 128 characters, the directory's
     * name is derived from it, such as {@code win-10~6a814d45d67ff5d3} for {@code win 10}: the same name each time, and a different one for
     * each guest. Both directories must belong to the user who runs this program, or the guest is refused. This one is created if
     * it does not exist.
     */
    public Receiver into(Path guests) {
        return with(copy -> copy.guests = guests);
    }

    /**
     * Where this host keeps its state: the base images of guests, and the journal that a {@link Recovery} needs after a crash. Required.
     */
    public Receiver state(HostState state) {
        return with(copy -> copy.state = state);
    }

    /**
     * How the guest differs from the one at the source: name, uuid, paths, bridges and networks. By default only its paths differ. A guest
     * with a network interface is refused unless this says where the interface goes, or {@link DomainSettings#keepingNetworks()}.
     */
    public Receiver as(DomainSettings domain) {
        return with(copy -> copy.domain = domain);
    }

    /** What a guest's domain XML may hold; by default {@link DomainPolicy#standard()}. */
    public Receiver policy(DomainPolicy policy) {
        return with(copy -> copy.policy = policy);
    }

    /** Refuses packages that exceed these limits; by default {@link PackageLimits#DEFAULT}. */
    public Receiver limits(PackageLimits limits) {
        return with(copy -> copy.limits = limits);
    }

    /**
     * Leaves the clock of an arriving guest alone. By default vmmig asks the agent in the guest (qemu-guest-agent) to set a clock that has
     * fallen behind during the pause to this host's time.
     */
    public Receiver leavingClock() {
        return with(copy -> copy.leaveClock = true);
    }

    /** Accepts guests even if the host has less free memory than they may use. */
    public Receiver overcommittingMemory() {
        return with(copy -> copy.overcommitMemory = true);
    }

    /**
     * Accepts only packages whose signatures this verifier accepts, whichever way they arrive. Without it, packages are accepted over a
     * connection from a host that the transport trusts, signed or not, and stored packages (in a file or at a server) are refused.
     */
    public Receiver accepting(PackageVerifier verifier) {
        return with(copy -> copy.verifier = verifier);
    }

    /** Accepts packages from anybody, signed or not: anyone who can supply a package can run a guest on this host. For tests only. */
    public Receiver acceptingUnsigned() {
        return with(copy -> copy.verifier = (packageId, contents, signatures) -> List.of());
    }

    /**
     * Limits how many guests arrive at once. Each migration takes a permit, waits for one while its guest keeps running at the source, and
     * releases it at the end. Share the semaphore among receivers, but not with {@link Migrator#admittedBy}, which also describes the
     * default limit.
     */
    public Receiver admittedBy(Semaphore permits) {
        return with(copy -> copy.admission = permits);
    }

    /**
     * The most time that the migration may take from its start to the hand-over, including the time until it is admitted. After that it
     * ends as if it had been cancelled, with {@link Problem#DEADLINE_EXCEEDED}. A day by default.
     *
     * @throws IllegalArgumentException if {@code atMost} is zero or negative
     */
    public Receiver migrationTimeout(Duration atMost) {
        return with(copy -> copy.migrationTimeout = MigrationSettings.positive(atMost));
    }

    /**
     * How long to retry while the hypervisor cannot be reached when the guest has to be resumed or removed, such as while libvirtd is
     * restarted. After that {@link Recovery} does it. A minute by default.
     *
     * @throws IllegalArgumentException if {@code atMost} is negative
     */
    public Receiver hypervisorTimeout(Duration atMost) {
        return with(copy -> copy.hypervisorTimeout = MigrationSettings.notNegative(atMost));
    }

    /** Adds a listener for the migration's events. */
    public Receiver onEvent(MigrationListener listener) {
        return with(copy -> copy.listen(listener));
    }

    /**
     * Starts to receive the guest that a peer offers, on a new thread, which closes the session at the end.
     *
     * @throws IllegalStateException if {@link #into} or {@link #state} was not called
     */
    public Migration<DestinationReport> receive(IncomingSession session) {
        return start(context -> DestinationMigration.of(context, session));
    }

    /**
     * Starts to restore the guest of a stored package, on a new thread, which closes the packages at the end. They stay in their stores.
     *
     * @param earlier the packages that {@code stored} is based on, such as baselines, the oldest first, unless this host has cached them or
     *     {@code stored} names them itself
     * @throws IllegalStateException if {@link #into} or {@link #state} was not called
     */
    public Migration<DestinationReport> restore(StoredPackage stored, StoredPackage... earlier) {
        List<StoredPackage> all = List.of(earlier);
        return start(context -> DestinationMigration.of(context, stored, all));
    }

    private Migration<DestinationReport> start(Function<DestinationContext, DestinationMigration> script) {
        Path guests = settings.guests;
        HostState state = settings.state;
        if (guests == null || state == null) {
            throw new IllegalStateException(
                    "say where guests have their files with into(…), and where this host keeps its state with state(…)");
        }
        Cancellation cancellation = new Cancellation("destination");
        DestinationContext context = new DestinationContext(
                hypervisor, guests, state, settings, new Recorder("(not known yet)", settings.listeners), cancellation);
        return Migration.start("vmmig-receive", cancellation, script.apply(context)::run);
    }
}
