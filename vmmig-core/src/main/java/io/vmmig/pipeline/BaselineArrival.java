// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageReader;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.reference.PackageCaching;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;

/**
 * A baseline that arrives: it is cached for the package of the same guest that follows. Nothing in it is decoded, and nothing of the guest is
 * made here.
 */
final class BaselineArrival {
    /** A source that sends more would only displace other packages from the cache. */
    static final int MOST = 8;

    private final DestinationContext context;
    private final Origin origin;
    private final Offer offer;

    BaselineArrival(DestinationContext context, Origin origin, Offer offer) {
        this.context = context;
        this.origin = origin;
        this.offer = offer;
    }

    /** Receives it, if this host could take the guest at this moment. */
    void receive() throws VmmigException {
        Arrival arrival = Abandonable.run(() -> Arrival.of(offer, origin, context), context.cancellation());
        Abandonable.check(() -> arrival.requireFree(context.hypervisor()), context.cancellation());
        try (SharedPages shared = new SharedPages();
                PackageCaching keeping =
                        context.images().references().packages().begin().required()) {
            arrival.share(shared, context.images().references());
            origin.accept(new Acceptance(arrival.held(), Set.copyOf(shared.all())), () -> {});
            context.recorder().enter(Phase.BASELINE);
            receive(arrival, keeping);
        }
        origin.ready(() -> {});
    }

    private void receive(Arrival arrival, PackageCaching keeping) throws VmmigException {
        try (InputStream in =
                new CountingInput(keeping.passingFrom(origin.incoming.packageStream()), context.recorder()::moved)) {
            PackageReader.Evidence whole = PackageReader.readEvidence(in, context.settings().limits);
            arrival.requireOffered(whole.manifest());
            if (in.read() >= 0) {
                throw new PackageFormatException(
                        Problem.PACKAGE_MALFORMED,
                        "something follows the baseline of guest " + arrival.guestName(),
                        "Start the migration again.");
            }
            keeping.finishOrFail(whole.seal());
        } catch (IOException e) {
            throw VmmigException.from(e, Problem.CONNECTION_LOST, "the baseline could not be received", "Try again.");
        }
    }
}
