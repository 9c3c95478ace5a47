// SPDX-License-Identifier: Apache-2.0
package io.vmmig;

import io.vmmig.content.Level;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.Loss;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.pipeline.BaselineMigration;
import io.vmmig.pipeline.Cancellation;
import io.vmmig.pipeline.MigrationSettings;
import io.vmmig.pipeline.Recorder;
import io.vmmig.pipeline.SendSettings;
import io.vmmig.pipeline.SourceContext;
import io.vmmig.pipeline.SourceMigration;
import io.vmmig.protection.PackageSigner;
import io.vmmig.report.BaselineReport;
import io.vmmig.report.SourceReport;
import io.vmmig.report.Strategy;
import io.vmmig.state.HostState;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Moves a running guest to another host, or packs it into a stored package, in a file or at a server. A packed guest keeps running unless
 * {@link #removingTheGuest()} is set.
 *
 * <pre>{@code
 * SourceReport report = Migrator.of(hypervisor)
 *         .from("web-1")
 *         .state(HostState.open(stateDirectory))
 *         .to(TlsTransport.to("host-b", 16550).as(identity).trusting(nodes, "host-b"))
 *         .start()
 *         .await();
 * }</pre>
 *
 * <p>Immutable: each method returns a changed copy, so one migrator can serve many guests.
 */
public final class Migrator {
    private final Hypervisor hypervisor;
    private final SendSettings settings;

    private Migrator(Hypervisor hypervisor, SendSettings settings) {
        this.hypervisor = hypervisor;
        this.settings = settings;
    }

    private Migrator with(Consumer<SendSettings> change) {
        return new Migrator(hypervisor, settings.with(change));
    }

    /** Moves guests of this hypervisor. The caller owns it, and closes it only after the migration is over. */
    public static Migrator of(Hypervisor hypervisor) {
        return new Migrator(hypervisor, new SendSettings());
    }

    /** Moves the guest of that name. */
    public Migrator from(String guest) {
        return with(copy -> copy.guest = guest);
    }

    /** Where the guest goes: to another host, or into a package store. */
    public Migrator to(Transport transport) {
        return with(copy -> copy.transport = transport);
    }

    /**
     * Where this host keeps its state: the journal that a {@link Recovery} needs after a crash, the digests of base images, and which
     * contents the other end already holds. Required.
     */
    public Migrator state(HostState state) {
        return with(copy -> copy.state = state);
    }

    /**
     * What a guest's domain XML may hold; by default {@link DomainPolicy#standard()}. The destination checks the guest against its own
     * policy as well.
     */
    public Migrator policy(DomainPolicy policy) {
        return with(copy -> copy.policy = policy);
    }

    /**
     * Ends and undefines a guest that is packed, and removes the files that vmmig made for it, once the package store holds the complete
     * package. By default the guest keeps running, and the package is a copy: a backup. A guest that moves to another host is always
     * removed here.
     */
    public Migrator removingTheGuest() {
        return with(copy -> copy.removeGuest = true);
    }

    /**
     * What the guest may lose by moving; the report names each loss. By default a guest that would lose any of it is refused before it is
     * paused.
     */
    public Migrator allowingLossOf(Loss... losses) {
        return with(copy -> copy.losses = Set.copyOf(List.of(losses)));
    }

    /**
     * Copies these disks, named by target such as {@code vdb}, although they are {@code <shareable/>} and the guest can write to them. The
     * guest gets its own copy, which other guests do not see, and the report says so. The caller must know that the guests that share the
     * disk, such as a cluster, can cope with that. By default such a guest is refused with {@link Problem#DISK_SHARED}. Targets that the
     * guest does not have are ignored.
     */
    public Migrator copyingShared(String... targets) {
        return with(copy -> copy.copiedDisks = Set.of(targets));
    }

    /**
     * Includes the base images of the guest's disks and the images of its CD-ROMs, so that any host can restore the package. They are sent
     * before the guest is paused, except those that a live destination already has. By default the package names them by their digests, and
     * the report lists them.
     */
    public Migrator withBaseImages() {
        return with(copy -> copy.includeBaseImages = true);
    }

    /**
     * How the guest moves; {@link Strategy#AUTO} by default. Any other one is refused, before anything happens, if it cannot work, with the
     * reason.
     */
    public Migrator strategy(Strategy strategy) {
        return with(copy -> copy.strategy = strategy);
    }

    /** How much work to spend on a small package; by default {@link Level#BALANCED}. */
    public Migrator level(Level level) {
        return with(copy -> copy.level = level);
    }

    /**
     * Also sends memory that the guest's kernel has marked as free. By default vmmig leaves that memory out if it can identify it with
     * certainty: this requires a running Linux guest and takes about a tenth of a second before the guest is paused.
     */
    public Migrator sendingFreePages() {
        return with(copy -> copy.sendFreePages = true);
    }

    /**
     * Leaves the clock of a guest that is packed and keeps running alone. By default vmmig asks the agent in the guest (qemu-guest-agent)
     * to set a clock that has fallen behind during the pause to this host's time.
     */
    public Migrator leavingClock() {
        return with(copy -> copy.leaveClock = true);
    }

    /**
     * Signs packages, so that a destination can verify who made the package and which hosts the guest has been on. The guest's history is
     * known only if it arrived with the same {@link #state}.
     */
    public Migrator signedBy(PackageSigner signer) {
        return with(copy -> copy.signer = signer);
    }

    /**
     * Borrows free memory through the guest's balloon driver where vmmig cannot tell which memory is free: in systems other than Linux,
     * with kernels of an unknown layout, and with {@link #sendingFreePages()}. A tenth of all memory, and at least 64 MiB, stays with the
     * guest. vmmig borrows before the guest is paused and returns the memory as soon as the guest continues, here or at the
     * destination; in between the guest has that much less. Off by default.
     *
     * @param atMost how long the guest may take to lend its memory, while it runs
     * @throws IllegalArgumentException if {@code atMost} is zero or negative
     */
    public Migrator balloonTimeout(Duration atMost) {
        return with(copy -> copy.balloonTimeout = MigrationSettings.positive(atMost));
    }

    /**
     * Limits how many guests leave at once. Each migration takes a permit, waits for one while its guest keeps running, and releases it
     * at the end. Share the semaphore among migrators, but not with {@link Receiver#admittedBy}: two hosts that send each other guests
     * would wait for each other. By default all outgoing migrations of a program share a limit that depends on its heap and its
     * processors: one with 256 MiB, two with 1 GiB and two processors.
     */
    public Migrator admittedBy(Semaphore permits) {
        return with(copy -> copy.admission = permits);
    }

    /**
     * The most time that the migration may take from its start to the hand-over, including the time until it is admitted. After that it
     * ends as if it had been cancelled, with {@link Problem#DEADLINE_EXCEEDED}. A day by default.
     *
     * @throws IllegalArgumentException if {@code atMost} is zero or negative
     */
    public Migrator migrationTimeout(Duration atMost) {
        return with(copy -> copy.migrationTimeout = MigrationSettings.positive(atMost));
    }

    /**
     * The most time that the guest may be paused before its hand-over; then it continues here, as after {@link #migrationTimeout}. Six
     * hours by default.
     *
     * @throws IllegalArgumentException if {@code atMost} is zero or negative
     */
    public Migrator maxDowntime(Duration atMost) {
        return with(copy -> copy.maxDowntime = MigrationSettings.positive(atMost));
    }

    /**
     * How long a guest that moves with {@link Strategy#LIVE} may keep changing its memory faster than it can be sent, after all of it was
     * sent once. Then it is paused nevertheless, and the pause is as long as it takes to send what is left. A minute by default.
     *
     * @throws IllegalArgumentException if {@code atMost} is negative
     */
    public Migrator convergeWithin(Duration atMost) {
        return with(copy -> copy.convergeWithin = MigrationSettings.notNegative(atMost));
    }

    /**
     * How long the source asks the destination when the answer to the hand-over was lost; the guest is paused here meanwhile. Without an
     * answer in that time the migration ends with {@link Problem#OUTCOME_UNKNOWN}. Half a minute by default; the source asks at least once.
     *
     * @throws IllegalArgumentException if {@code atMost} is negative
     */
    public Migrator inquiryTimeout(Duration atMost) {
        return with(copy -> copy.inquiryTimeout = MigrationSettings.notNegative(atMost));
    }

    /**
     * How long to retry while the hypervisor cannot be reached when the guest has to be resumed or removed, such as while libvirtd is
     * restarted. After that {@link Recovery} does it. A minute by default.
     *
     * @throws IllegalArgumentException if {@code atMost} is negative
     */
    public Migrator hypervisorTimeout(Duration atMost) {
        return with(copy -> copy.hypervisorTimeout = MigrationSettings.notNegative(atMost));
    }

    /** Adds a listener for the migration's events. */
    public Migrator onEvent(MigrationListener listener) {
        return with(copy -> copy.listen(listener));
    }

    /**
     * Starts the migration on a new thread.
     *
     * @throws IllegalStateException if the guest, its destination or this host's state directory is not set: without a journal, a crash of
     *     this program could leave the guest running at both hosts
     */
    public Migration<SourceReport> start() {
        Transport transport = set(settings.transport);
        SourceContext context = context();
        return Migration.start(
                "vmmig-send-" + context.guestName(),
                context.cancellation(),
                new SourceMigration(context, transport)::run);
    }

    /**
     * Starts to write a <em>baseline</em> of the guest into a package store, on a new thread: its disks and its memory, read while it runs.
     * The guest is never paused, and does not notice. Nothing can be restored from a baseline, but a package that is based on it (see {@code
     * upon} of the store) only contains what has changed since, so that the guest is paused for less time; it can be restored where the
     * baseline is, too. A baseline can be based on an earlier one.
     *
     * <p>This host caches the baseline, so its package cache must have room for it. If the baseline fails or is cancelled, nothing of it
     * remains in the store and in the cache. It has no journal: if the program is killed, an unfinished file or unfinished parts remain in
     * the store, and no {@link Recovery} removes them.
     *
     * <p>Ignores {@link #to}, {@link #strategy}, {@link #removingTheGuest} and everything that concerns a pause. {@link Migration#await()}
     * also throws a {@link VmmigException} with {@link Problem#REQUEST_INVALID} if the guest is paused, and with
     * {@link Problem#DOMAIN_UNSUPPORTED} if its memory cannot be read while it runs.
     *
     * @throws IllegalStateException if the guest or this host's state directory is not set
     */
    public Migration<BaselineReport> baseline(PackageStore store) {
        SourceContext context = context();
        return Migration.start(
                "vmmig-baseline-" + context.guestName(),
                context.cancellation(),
                new BaselineMigration(context, store)::run);
    }

    private SourceContext context() {
        String guest = set(settings.guest);
        return new SourceContext(
                hypervisor,
                guest,
                set(settings.state),
                settings,
                new Recorder(guest, settings.listeners),
                new Cancellation("source"));
    }

    private static <T> T set(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException(
                    "say which guest is to move with from(…), where to with to(…), and where this host"
                            + " keeps its state with state(…)");
        }
        return value;
    }
}
