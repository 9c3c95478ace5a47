// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageReader.Entry;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.json.Malformed;
import io.vmmig.qcow2.ImageFiles;
import io.vmmig.reference.PageLayout;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Unpacks the rounds of one package, into files and into the hypervisor. Independent of the hand-over. For one thread. */
final class DestinationTransfer {
    private final DestinationContext context;
    private final Arrival arrival;
    private final PackageReader reader;
    private final ArrivalFiles files;
    private final HeldBackEnd end = new HeldBackEnd();
    private @Nullable Entry pending;

    DestinationTransfer(DestinationContext context, Arrival arrival, PackageReader reader, ArrivalFiles files) {
        this.context = context;
        this.arrival = arrival;
        this.reader = reader;
        this.files = files;
    }

    /**
     * The saved guest.
     *
     * @param guest the guest as adapted to this host
     * @param record what is known of it besides its XML
     * @param saved its XML at the source
     * @param cookie libvirt's cookie, adapted to this host
     * @param at when its XML was received
     */
    record Domain(AdaptedGuest guest, GuestRecord record, DomainXml saved, @Nullable String cookie, Instant at) {
        RestoreRequest request() {
            return guest.request(cookie);
        }
    }

    private interface Receiving<T> {
        T run() throws IOException, VmmigException;
    }

    private static <T> T receive(Receiving<T> work) throws VmmigException {
        try {
            return work.run();
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, "could not receive the package", "Check the destination's directories.");
        }
    }

    /** Receives kernel, ramdisk and base images, while the guest runs. */
    void receiveBootFiles() throws VmmigException {
        receive(() -> {
            while (!arrival.bootFilesHere() && pending == null) {
                Entry entry = next();
                if (entry instanceof Entry.Domain) {
                    pending = entry;
                } else {
                    take(entry);
                }
            }
            return true;
        });
    }

    /** Receives the saved guest's XML. */
    Domain receiveDomain() throws VmmigException {
        return receive(() -> {
            Entry entry = pending == null ? next() : pending;
            while (!(entry instanceof Entry.Domain)) {
                take(entry);
                entry = next();
            }
            return domain((Entry.Domain) entry);
        });
    }

    /** Receives the disk layers that the guest, which still runs at its source, does not change. */
    void receiveFrozen() throws VmmigException {
        context.recorder()
                .enter(Phase.PRECOPY, arrival.diskBytes() + arrival.manifest().memoryBytes());
        receiveUntil(Entry.Precopy.class);
    }

    /** Feeds the memory of the guest, which still runs at its source, to the hypervisor. */
    void feedPrecopy(OutputStream memory) throws VmmigException {
        feedPending(memory);
    }

    /** Receives the paused guest's disks, up to its memory. */
    void receiveDisks() throws VmmigException {
        context.recorder().enter(Phase.DISKS, arrival.diskBytes());
        receiveUntil(Entry.Snapshot.class);
    }

    private void receiveUntil(Class<? extends Entry.Content> end) throws VmmigException {
        receive(() -> {
            pending = next();
            while (!end.isInstance(pending)) {
                take(pending);
                pending = next();
            }
            return true;
        });
    }

    private Entry next() throws IOException, VmmigException {
        context.cancellation().check();
        Entry entry = reader.next();
        if (entry == null) {
            throw Arrival.malformed("the package has no snapshot");
        }
        return entry;
    }

    private void take(Entry entry) throws IOException, VmmigException {
        if (entry instanceof Entry.Kernel kernel) {
            takeBootFile(
                    kernel.stream(), arrival.newKernel(), arrival.manifest().kernel());
        } else if (entry instanceof Entry.Ramdisk ramdisk) {
            takeBootFile(
                    ramdisk.stream(), arrival.newRamdisk(), arrival.manifest().ramdisk());
        } else if (entry instanceof Entry.BaseImage image) {
            takeBase(image);
        } else if (entry instanceof Entry.DiskLayer layer) {
            takeLayer(layer);
        }
    }

    /** Retains a kernel or ramdisk, since the package's pages may refer to it. */
    private void takeBootFile(InputStream stream, @Nullable Path file, Manifest.@Nullable Content content)
            throws IOException, VmmigException {
        Manifest.Content expected = Objects.requireNonNull(content);
        Set<PageLayout> layouts = PageLayout.ofBootFile(reader.manifest(), expected.digest());
        try (InputStream in = counted(stream)) {
            if (file != null) {
                files.create(file);
                ImageFiles.fill(in, file);
                if (!layouts.isEmpty()) {
                    context.images().references().adopt(file, expected.digest(), layouts);
                }
            } else if (!layouts.isEmpty()) {
                context.images().references().adopt(in, expected.digest(), layouts);
            } else {
                in.transferTo(OutputStream.nullOutputStream());
            }
        }
    }

    /** Receives a base image, and verifies its digest before anything is based on it. */
    private void takeBase(Entry.BaseImage image) throws IOException, VmmigException {
        try (InputStream in = counted(image.stream())) {
            Optional<Path> file = arrival.newBase(image.base());
            if (file.isPresent()) {
                files.create(file.get());
                ImageFiles.fillBase(in, image.base(), file.get());
            } else {
                in.transferTo(OutputStream.nullOutputStream());
            }
        }
    }

    private void takeLayer(Entry.DiskLayer entry) throws IOException, VmmigException {
        Manifest.Disk disk = arrival.manifest().disk(entry.target());
        try (InputStream in = counted(entry.stream())) {
            arrival.writeLayer(in, disk, entry.layer(), files);
        }
    }

    private InputStream counted(InputStream stream) {
        return new CountingInput(stream, context.recorder()::moved);
    }

    private Domain domain(Entry.Domain entry) throws VmmigException {
        DomainXml saved = DomainXml.parse(entry.xml());
        requireReceived(arrival.newKernel(), arrival.manifest().kernel(), "kernel", saved.kernel());
        requireReceived(arrival.newRamdisk(), arrival.manifest().ramdisk(), "ramdisk", saved.ramdisk());
        for (Map.Entry<Manifest.Base, Path> base : arrival.newBases().entrySet()) {
            requireReceived(
                    base.getValue(),
                    base.getKey().content(),
                    "base image of disk " + arrival.disksOn(base.getKey()),
                    Optional.empty());
        }
        arrival.requireAsOffered(entry.guest());
        AdaptedGuest guest = arrival.adapt(entry.xml(), entry.definition());
        arrival.recordOutputs(guest.running().domain(), files.journal());
        return new Domain(guest, entry.guest(), saved, arrival.adaptCookie(entry.cookie()), Instant.now());
    }

    private static void requireReceived(
            @Nullable Path file, Manifest.@Nullable Content content, String what, Optional<Path> atSource)
            throws IncompatibleException {
        if (file != null && content != null && !Files.exists(file)) {
            throw new IncompatibleException(
                    Problem.REFERENCE_MISSING,
                    "the package leaves out its " + what
                            + atSource.map(path -> " (at the source " + Malformed.quoted(path.toString()) + ")")
                                    .orElse("")
                            + ", " + content.digest() + ", which the destination does not hold",
                    "Name the earlier package that holds it with PackageFile.upon, or add the file with"
                            + " ImageStore.add.");
        }
    }

    /** Feeds the paused guest's memory to the hypervisor, except its end, without which the guest cannot run. */
    void feed(OutputStream memory) throws VmmigException {
        context.recorder().enter(Phase.SNAPSHOT, arrival.manifest().memoryBytes());
        feedPending(memory);
    }

    private void feedPending(OutputStream memory) throws VmmigException {
        InputStream stream = ((Entry.Content) Objects.requireNonNull(pending)).stream();
        receive(() -> {
            try (InputStream in = new MemoryProgress(stream, context.recorder()::moved)) {
                end.copy(in, memory);
            }
            return true;
        });
    }

    /** Verifies the whole received package against its seal. */
    PackageSummary verify() throws VmmigException {
        return receive(() -> {
            if (reader.next() != null) {
                throw Arrival.malformed("something follows the snapshot of the package");
            }
            return reader.verify();
        });
    }

    /** Feeds the end of the verified memory to the hypervisor. */
    void feedEnd(OutputStream memory) throws VmmigException {
        receive(() -> {
            end.writeTo(memory);
            return true;
        });
    }
}
