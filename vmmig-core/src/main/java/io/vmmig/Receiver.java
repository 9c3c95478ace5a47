// SPDX-License-Identifier: Apache-2.0
package io.vmmig;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.pipeline.Cancellation;
import io.vmmig.pipeline.ReceivePipeline;
import io.vmmig.pipeline.Recorder;
import io.vmmig.reference.ImageStore;
import io.vmmig.transport.IncomingSession;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes in guests that come to this host, over a network or out of a package file; the counterpart of {@link Migrator}.
 *
 * <pre>{@code
 * Receiver receiver = Receiver.of(hypervisor).into(guests).images(store);
 * MigrationReport report = receiver.receive(listener.accept(timeout)).await();
 * }</pre>
 *
 * <p>Immutable; each method gives a changed copy, so that one can be kept and used for many guests.
 */
public final class Receiver {
    private final Hypervisor hypervisor;
    private final @Nullable Path guests;
    private final @Nullable ImageStore images;
    private final DomainSettings settings;
    private final DomainPolicy policy;
    private final PackageLimits limits;
    private final boolean overcommitMemory;
    private final List<MigrationListener> listeners;

    private Receiver(
            Hypervisor hypervisor,
            @Nullable Path guests,
            @Nullable ImageStore images,
            DomainSettings settings,
            DomainPolicy policy,
            PackageLimits limits,
            boolean overcommitMemory,
            List<MigrationListener> listeners) {
        this.hypervisor = hypervisor;
        this.guests = guests;
        this.images = images;
        this.settings = settings;
        this.policy = policy;
        this.limits = limits;
        this.overcommitMemory = overcommitMemory;
        this.listeners = List.copyOf(listeners);
    }

    /** Guests are to live on this hypervisor. It stays the caller's, and open until the migration is over. */
    public static Receiver of(Hypervisor hypervisor) {
        return new Receiver(
                hypervisor,
                null,
                null,
                DomainSettings.asSaved(),
                DomainPolicy.standard(),
                PackageLimits.DEFAULT,
                false,
                List.of());
    }

    /** Each guest's files go to a directory of its own in this one, named as the guest. */
    public Receiver into(Path guests) {
        return new Receiver(hypervisor, guests, images, settings, policy, limits, overcommitMemory, listeners);
    }

    /** Base images that the guests stand on are in this store. */
    public Receiver images(ImageStore images) {
        return new Receiver(hypervisor, guests, images, settings, policy, limits, overcommitMemory, listeners);
    }

    /** The guest is to differ in this from what it was. */
    public Receiver as(DomainSettings settings) {
        return new Receiver(hypervisor, guests, images, settings, policy, limits, overcommitMemory, listeners);
    }

    /** Domain XML may hold what this policy allows; {@link DomainPolicy#standard()} unless said otherwise. */
    public Receiver policy(DomainPolicy policy) {
        return new Receiver(hypervisor, guests, images, settings, policy, limits, overcommitMemory, listeners);
    }

    /** Packages beyond these limits are refused; {@link PackageLimits#DEFAULT} unless said otherwise. */
    public Receiver limits(PackageLimits limits) {
        return new Receiver(hypervisor, guests, images, settings, policy, limits, overcommitMemory, listeners);
    }

    /** Guests are taken in even if the host has less free memory than they may use. */
    public Receiver overcommittingMemory() {
        return new Receiver(hypervisor, guests, images, settings, policy, limits, true, listeners);
    }

    /** The listener is told what happens. May be called more than once. */
    public Receiver onEvent(MigrationListener listener) {
        List<MigrationListener> more = new ArrayList<>(listeners);
        more.add(listener);
        return new Receiver(hypervisor, guests, images, settings, policy, limits, overcommitMemory, more);
    }

    /**
     * Starts to take in what comes over this session, on a thread of its own. The session is closed at the end.
     *
     * @throws IllegalStateException when it was not said where the guest's files go, or where base images are
     */
    public Migration receive(IncomingSession session) {
        if (guests == null || images == null) {
            throw new IllegalStateException(
                    "say where guests have their files with into(…), and where base images are with images(…)");
        }
        Cancellation cancellation = new Cancellation();
        Recorder recorder = new Recorder("(not known yet)", listeners);
        ReceivePipeline pipeline = new ReceivePipeline(
                hypervisor,
                session,
                guests,
                images,
                settings,
                policy,
                limits,
                overcommitMemory,
                recorder,
                cancellation);
        return Migration.start("vmmig-receive", cancellation, pipeline::run);
    }
}
