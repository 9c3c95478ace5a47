// SPDX-License-Identifier: Apache-2.0
package io.vmmig;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.Problem;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.pipeline.Cancellation;
import io.vmmig.pipeline.ReceivePipeline;
import io.vmmig.pipeline.ReceiveSettings;
import io.vmmig.pipeline.Recorder;
import io.vmmig.protection.PackageVerifier;
import io.vmmig.state.HostState;
import io.vmmig.transport.IncomingSession;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * Takes in guests that come to this host, over a network or out of a package file; the counterpart of {@link Migrator}.
 *
 * <pre>{@code
 * Receiver receiver = Receiver.of(hypervisor).into(guests).state(state);
 * MigrationReport report = receiver.receive(listener.accept(timeout)).await();
 * }</pre>
 *
 * <p>Immutable; each method gives a changed copy, so that one can be kept and used for many guests.
 */
public final class Receiver {
    private final Hypervisor hypervisor;
    private final ReceiveSettings settings;
    private final List<MigrationListener> listeners;

    private Receiver(Hypervisor hypervisor, ReceiveSettings settings, List<MigrationListener> listeners) {
        this.hypervisor = hypervisor;
        this.settings = settings;
        this.listeners = List.copyOf(listeners);
    }

    private Receiver with(ReceiveSettings others) {
        return new Receiver(hypervisor, others, listeners);
    }

    /** Guests are to live on this hypervisor. It stays the caller's, and open until the migration is over. */
    public static Receiver of(Hypervisor hypervisor) {
        return new Receiver(hypervisor, ReceiveSettings.USUAL, List.of());
    }

    /**
     * The directory of the guests. Each guest has its own directory in it, named after the guest. If the name has characters other than
     * ASCII letters, digits and {@code . _ + -}, does not begin with a letter or digit, or is longer than 128 characters, the directory's
     * name is derived from it, such as {@code win-10~6a814d45d67ff5d3} for {@code win 10}: the same name each time, and a different one for
     * each guest. Both directories must belong to the user who runs this program, or the guest is refused. This one is created if
     * it does not exist.
     */
    public Receiver into(Path guests) {
        return with(settings.withGuests(guests));
    }

    /**
     * This host keeps its state there: base images that guests are based on, and the journal by which a {@link Recovery} finishes what
     * a crash cuts short. Required.
     */
    public Receiver state(HostState state) {
        return with(settings.withState(state));
    }

    /**
     * How the guest is to differ from the source's: name, uuid, paths, bridges and networks. By default its paths only. A guest with a
     * network interface is refused unless this says where the interface goes, or {@link DomainSettings#keepingNetworks()}.
     */
    public Receiver as(DomainSettings domain) {
        return with(settings.withDomain(domain));
    }

    /** Domain XML may hold what this policy allows; {@link DomainPolicy#standard()} unless said otherwise. */
    public Receiver policy(DomainPolicy policy) {
        return with(settings.withPolicy(policy));
    }

    /** Packages beyond these limits are refused; {@link PackageLimits#DEFAULT} unless said otherwise. */
    public Receiver limits(PackageLimits limits) {
        return with(settings.withLimits(limits));
    }

    /**
     * The clock of a guest that arrives is left as it is. Otherwise an agent in the guest (qemu-guest-agent) is asked to set it to this
     * host's time if it is behind, since it stood still while the guest was paused.
     */
    public Receiver leavingClock() {
        return with(settings.withLeaveClock(true));
    }

    /** Guests are taken in even if the host has less free memory than they may use. */
    public Receiver overcommittingMemory() {
        return with(settings.withOvercommitMemory(true));
    }

    /**
     * Accepts only packages whose signatures this verifier accepts, whichever way they arrive. Without it, packages are accepted over a
     * connection from a host that the transport trusts, signed or not, and stored packages (in a file or at a server) are refused.
     */
    public Receiver accepting(PackageVerifier verifier) {
        return with(settings.withVerifier(verifier));
    }

    /** Accepts packages from anybody, signed or not: whoever can supply one runs a guest on this host. For tests only. */
    public Receiver acceptingUnsigned() {
        return with(settings.withVerifier((packageId, contents, signatures) -> List.of()));
    }

    /**
     * Only so many guests are taken in at once as there are permits: each takes one, waiting for it while its guest keeps running
     * at the source, and releases it at the end. To be shared by receivers, but not with {@link Migrator#admittedBy}, whose words
     * on the limit without this hold here as well.
     */
    public Receiver admittedBy(Semaphore permits) {
        return with(settings.withLimit(permits));
    }

    /**
     * The migration may take so long from its start to the hand-over, with the time that it waits until it is admitted, or it ends as though it had been cancelled, with {@link
     * Problem#DEADLINE_EXCEEDED}; a day unless said otherwise.
     *
     * @throws IllegalArgumentException when that is no time at all
     */
    public Receiver takingAtMost(Duration atMost) {
        return with(settings.withDeadlines(settings.deadlines().withMigration(atMost)));
    }

    /**
     * For how long the hypervisor is tried again if it cannot be reached when the guest has to be resumed or removed, as while libvirtd
     * is started again; a minute unless set. After that {@link Recovery} does it.
     */
    public Receiver reachingHypervisorWithin(Duration atMost) {
        return with(settings.withDeadlines(settings.deadlines().withHypervisor(atMost)));
    }

    /** The listener is told what happens. May be called more than once. */
    public Receiver onEvent(MigrationListener listener) {
        List<MigrationListener> more = new ArrayList<>(listeners);
        more.add(listener);
        return new Receiver(hypervisor, settings, more);
    }

    /**
     * Starts to take in what comes over this session, on a thread of its own. The session is closed at the end.
     *
     * @throws IllegalStateException when it was not said where the guest's files go, or where this host keeps its state
     */
    public Migration receive(IncomingSession session) {
        if (settings.guests() == null || settings.state() == null) {
            throw new IllegalStateException(
                    "say where guests have their files with into(…), and where this host keeps its state with state(…)");
        }
        Cancellation cancellation = new Cancellation("destination");
        Recorder recorder = new Recorder("(not known yet)", listeners);
        ReceivePipeline pipeline = new ReceivePipeline(
                hypervisor, session, settings.guests(), settings.state(), settings, recorder, cancellation);
        return Migration.start("vmmig-receive", cancellation, pipeline::run);
    }
}
