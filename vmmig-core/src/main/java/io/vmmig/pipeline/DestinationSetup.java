// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainChange;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import io.vmmig.protection.Handling;
import io.vmmig.reference.PackageCaching;
import io.vmmig.transport.Offer;
import io.vmmig.transport.StoredPackage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a migration does at its destination before and after the transfer. The migration's scope closes what it opens. */
final class DestinationSetup extends MigrationSetup<ReceiveSettings> {
    /** The maximum length of the source's name in a journal. */
    private static final int MAX_SOURCE = 500;

    private final DestinationContext context;
    private final Origin origin;
    private List<Manifest.Reference> reliedUpon = List.of();
    private @Nullable ArrivalClaims claims;
    private @Nullable UUID uuid;

    DestinationSetup(DestinationContext context, Origin origin, Scope scope) {
        super(scope, context.recorder(), context.cancellation(), context.settings(), context.images());
        this.context = context;
        this.origin = origin;
    }

    /** Waits for a permit. */
    void admit() throws VmmigException {
        cancellation.onRequest(() -> origin.refuse(cancellation.reason()));
        origin.onReconnected(recorder::reconnected);
        scope.add(Deadline.after(settings.migrationTimeout, "the migration took", cancellation), Deadline::close);
        origin.awaitOffer();
        admit(Phase.OFFER, CodecWarmUp.READING);
    }

    Offer offer() throws VmmigException {
        Offer offer = nextOffer();
        for (int baselines = 1; offer.manifest().baseline(); baselines++) {
            if (baselines > BaselineArrival.MOST) {
                throw new TransportException(
                        Problem.PROTOCOL_VIOLATION,
                        "the source has sent " + BaselineArrival.MOST + " baselines and offers another one",
                        "Find out what runs there.");
            }
            new BaselineArrival(context, origin, offer).receive();
            offer = nextOffer();
        }
        if (settings.domain.uuid().isEmpty()) {
            ConsumedPackages.of(context.state()).requireNew(offer.manifest().packageId());
        }
        return offer;
    }

    private Offer nextOffer() throws VmmigException {
        recorder.doing("waiting for the offer of " + source());
        Offer offer = origin.offer();
        recorder.doing("checking whether this host can take the guest");
        requireWithinLimits(offer);
        recorder.renameGuest(offer.manifest().guestName());
        return offer;
    }

    /** Checks the destination's limits; the transport has checked the format's. */
    private void requireWithinLimits(Offer offer) throws VmmigException {
        Manifest.fromJson(offer.manifest().toJson(), settings.limits);
        requireWithinLimits("the size of the domain XML", offer.domainXml());
        requireWithinLimits("the size of libvirt's cookie", offer.cookie());
        requireWithinLimits("the size of the definition", offer.definitionXml());
    }

    private void requireWithinLimits(String what, @Nullable String xml) throws VmmigException {
        int bytes = xml == null ? 0 : xml.getBytes(StandardCharsets.UTF_8).length;
        Malformed.requireWithin(what, bytes, settings.limits.get(Limit.XML_BYTES));
    }

    /** Plans the arrival; changes nothing yet. */
    Arrival arrival(Offer offer) throws VmmigException {
        Arrival arrival = Abandonable.run(() -> Arrival.of(offer, origin, context), cancellation);
        recorder.renameGuest(arrival.guestName());
        recorder.expect(Phase.DISKS, arrival.diskBytes());
        recorder.expect(Phase.SNAPSHOT, offer.manifest().memoryBytes());
        if (origin.earlierPackages().isEmpty()) {
            return arrival;
        }
        Abandonable.check(this::keepEarlierPackages, cancellation);
        // The guest's kernel and ramdisk may be in earlier packages.
        return Abandonable.run(() -> Arrival.of(offer, origin, context), cancellation);
    }

    private void keepEarlierPackages() throws VmmigException {
        for (StoredPackage.EarlierPackage earlier : origin.earlierPackages()) {
            cancellation.check();
            try {
                images.references().addPackageUnlessHeld(earlier::open);
            } catch (IOException e) {
                throw VmmigException.from(
                        e,
                        Problem.FILE_FAILED,
                        "the earlier package " + earlier + " cannot be read",
                        "Check its name.");
            }
        }
    }

    /** Claims the guest's name, uuid and paths, and begins the journal of its arrival. */
    ArrivalJournal claim(Arrival arrival) throws VmmigException {
        Path place = ArrivalJournal.place(context.state(), arrival.manifest().packageId(), origin.sourceMayAsk());
        List<Path> wanted = Abandonable.run(() -> arrival.claims(context.hypervisor(), context.state()), cancellation);
        uuid = arrival.offered().running().domain().uuid();
        ArrivalClaims taken = claim(arrival, wanted, place, true);
        // Ends after the claims: an arrival that waits for the end then takes them.
        scope.add(ArrivalsUnderWay.begin(place, origin), ArrivalsUnderWay::end);
        claims = scope.add(taken, ArrivalClaims::close);
        Abandonable.check(() -> arrival.requireFree(context.hypervisor()), cancellation);
        ArrivalJournal journal = scope.add(
                ArrivalJournal.begin(place, context.state(), arrival.facts(wanted, source())), ArrivalJournal::close);
        journal.onAbandoned(origin.incoming::close);
        return journal;
    }

    private ArrivalClaims claim(Arrival arrival, List<Path> wanted, Path place, boolean again) throws VmmigException {
        UUID guest = Objects.requireNonNull(uuid);
        ArrivalClaims.Holder holder =
                new ArrivalClaims.Holder(arrival.manifest().packageId(), arrival.guestName(), guest, source(), place);
        try {
            return ArrivalClaims.take(wanted, holder);
        } catch (ArrivalClaims.TakenException e) {
            if (!again) {
                throw e.refusal(arrival.guestName(), guest);
            }
            ArrivalsUnderWay.giveUp(e, guest, origin, cancellation);
            // Also if the other one was not given up: it may just have ended.
            return claim(arrival, wanted, place, false);
        }
    }

    ArrivalClaims claims() {
        return Objects.requireNonNull(claims);
    }

    /** The source's description as one line of plain text. */
    private String source() {
        StringBuilder plain = new StringBuilder();
        origin.incoming
                .description()
                .codePoints()
                .limit(MAX_SOURCE)
                .forEach(c -> plain.appendCodePoint(Texts.isPlain(c) ? c : '?'));
        return plain.isEmpty() ? "an unnamed source" : plain.toString();
    }

    SharedPages sharedPages(Arrival arrival) throws VmmigException {
        SharedPages shared = scope.add(new SharedPages(), SharedPages::close);
        arrival.share(shared, images.references());
        reliedUpon = shared.all();
        return shared;
    }

    /** Removes damaged earlier packages, so that the next attempt does not refer to them. */
    void removeDamaged(VmmigException why) {
        if (why.problem() != Problem.BASE_IMAGE_DAMAGED && why.problem() != Problem.DIGEST_MISMATCH) {
            return;
        }
        List<Digest> earlier = reliedUpon.stream()
                .filter(reference -> reference.kind() == Manifest.Reference.Kind.PACKAGE)
                .map(Manifest.Reference::digest)
                .toList();
        try {
            images.references().packages().removeDamaged(earlier);
        } catch (VmmigException e) {
            why.addSuppressed(e);
        }
    }

    DestinationTransfer transfer(Arrival arrival, SharedPages shared, PackageCaching keeping, ArrivalFiles files)
            throws VmmigException {
        PackageReader reader = scope.add(
                PackageReader.from(
                        keeping.passingFrom(origin.incoming.packageStream()),
                        settings.limits,
                        manifest -> shared.of(manifest.references())),
                PackageReader::close);
        cancellation.onRequest(reader::close);
        arrival.requireOffered(reader.manifest());
        return new DestinationTransfer(context, arrival, reader, files);
    }

    /** Remembers the guest's history for its next destination. */
    void remember(Landing landing, DestinationTransfer.Domain domain, PackageSummary summary, List<Handling> provenance)
            throws VmmigException {
        GuestHistories.of(context.state())
                .put(
                        domain.guest().running().domain().uuid(),
                        summary.seal(),
                        provenance.isEmpty() ? List.of() : summary.signatures(),
                        landing.changes().stream().map(DestinationSetup::told).toList());
    }

    /** A change as other hosts may see it: without this host's paths. */
    private static String told(DomainChange change) {
        boolean ofPaths =
                Stream.of(change.before(), change.after()).anyMatch(value -> value != null && value.contains("/"));
        return ofPaths ? change.where() : change.toString();
    }

    /** The guest's current state at this host. */
    EndState observed() {
        return Sight.stateOf(context.hypervisor(), Objects.requireNonNull(uuid));
    }
}
