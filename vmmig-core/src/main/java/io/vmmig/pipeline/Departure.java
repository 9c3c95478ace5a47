// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainXml;
import io.vmmig.domain.Obstacle;
import io.vmmig.error.CancelledException;
import io.vmmig.error.Failure;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.page.PageSource;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.PackageCache;
import io.vmmig.reference.PageLayout;
import io.vmmig.reference.ReferenceStore;
import io.vmmig.sparse.SparseFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that is known of a guest before it is paused.
 *
 * @param domain the live domain, as sent
 * @param manifest the package's manifest
 * @param chains the images of each disk, by target
 * @param belongings what the hypervisor stores of it besides the XML
 * @param shared the disks that it shares with other guests and that move as its own copies
 * @param baseline the latest baseline, or null if there is none; clocks may have changed, so it need not be the youngest package
 * @param further how many more packages will be based on this one before the guest is paused
 */
record Departure(
        DomainXml domain,
        Manifest manifest,
        Map<String, DiskChain> chains,
        Belongings belongings,
        SharedDisks shared,
        @Nullable Digest baseline,
        int further) {
    private static final Logger LOG = LoggerFactory.getLogger(Departure.class);
    private static final Duration INDEX_DEADLINE = Duration.ofSeconds(30);
    /** More than one, since the destination may lack the latest, and a cached package may be based on an older one. */
    private static final int MAX_EARLIER = 16;

    /** @param copy whether the guest stays here */
    static Departure of(Guest guest, Hypervisor hypervisor, SendSettings settings, ImageStore images, boolean copy)
            throws VmmigException {
        return of(guest, hypervisor, settings, images, copy, Map.of());
    }

    /** @param overlays those that vmmig has put on the guest's disks, by target */
    static Departure of(
            Guest guest,
            Hypervisor hypervisor,
            SendSettings settings,
            ImageStore images,
            boolean copy,
            Map<String, Path> overlays)
            throws VmmigException {
        HostCapabilities host = hypervisor.capabilities();
        DomainPolicy policy = settings.policy;
        GuestState state = guest.state();
        if (state == GuestState.STOPPED) {
            throw new HypervisorException(
                    Problem.GUEST_NOT_RUNNING,
                    "the guest is not running, so there is no memory to move",
                    "Start it first, or copy its disks.");
        }
        DomainXml live = DomainXml.parse(guest.domainXml());
        List<Obstacle> obstacles = policy.obstaclesOf(live);
        if (!obstacles.isEmpty()) {
            throw Belongings.refused(obstacles);
        }
        SharedDisks shared = SharedDisks.of(live, guest, hypervisor, settings.copiedDisks);
        DomainXml domain = shared.without(live);
        Map<String, DiskChain> chains = DiskChains.of(guest, domain);
        overlays.keySet()
                .forEach(target -> chains.computeIfPresent(
                        target, (t, chain) -> chain.layers().size() == 1 ? chain.wholly() : chain));
        GuestInventory inventory = Belongings.withBitmaps(guest.inventory(), chains.values());
        Belongings belongings = Belongings.of(inventory, domain, policy, settings.losses, copy);
        if (!copy) {
            belongings.requireAllowed(settings.losses);
        }
        List<Manifest.Disk> disks = new ArrayList<>();
        for (Map.Entry<String, DiskChain> entry : chains.entrySet()) {
            Manifest.Disk disk = describe(
                    entry.getKey(), entry.getValue(), settings.includeBaseImages, images, hypervisor.fileHoles());
            disks.add(overlays.containsKey(entry.getKey()) ? overlaid(disk) : disk);
        }
        Manifest manifest = new Manifest(
                Manifest.FORMAT_VERSION,
                UUID.randomUUID(),
                domain.name(),
                domain.uuid(),
                domain.architecture(),
                domain.machine(),
                domain.domainType(),
                domain.cpuModel().orElse(null),
                domain.memoryBytes(),
                domain.vcpus(),
                state == GuestState.RUNNING,
                belongings.persistent(),
                host.hypervisorVersion(),
                host.libvirtVersion(),
                host.hostName(),
                Instant.now(),
                contentOf(domain.kernel(), images),
                contentOf(domain.ramdisk(), images),
                disks,
                List.of());
        return new Departure(domain, manifest, chains, belongings, shared, null, 0);
    }

    private static Manifest.Disk overlaid(Manifest.Disk disk) {
        List<Manifest.Layer> layers = new ArrayList<>(disk.layers());
        Manifest.Layer top = layers.remove(layers.size() - 1);
        layers.add(new Manifest.Layer(top.format(), top.virtualBytes(), top.fileBytes(), true));
        return new Manifest.Disk(disk.target(), layers, disk.base());
    }

    private static Manifest.Disk describe(
            String target, DiskChain chain, boolean includeBase, ImageStore images, FileHoles holes)
            throws VmmigException {
        List<Manifest.Layer> layers = new ArrayList<>();
        for (DiskChain.Image layer : chain.layers()) {
            layers.add(new Manifest.Layer(layer.format(), layer.virtualBytes(), contentBytes(layer.path(), holes)));
        }
        DiskChain.Image base = chain.base();
        return new Manifest.Disk(
                target,
                layers,
                base == null ? null : new Manifest.Base(contentOf(base.path(), images), base.format(), includeBase));
    }

    private static Manifest.@Nullable Content contentOf(Optional<Path> file, ImageStore images) throws VmmigException {
        return file.isEmpty() ? null : contentOf(file.get(), images);
    }

    private static long contentBytes(Path image, FileHoles holes) throws VmmigException {
        try {
            return SparseFile.contentBytes(image, holes);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "disk image " + image + " could not be looked through for holes",
                    "Check that it is there and readable.");
        }
    }

    private static Manifest.Content contentOf(Path file, ImageStore images) throws VmmigException {
        try {
            Digest digest = images.digestOf(file);
            return new Manifest.Content(digest, Files.size(file));
        } catch (IOException e) {
            throw new TransportException(
                    Problem.FILE_FAILED,
                    "could not read " + file + ": " + e.getMessage(),
                    "The domain XML names this file; check that it is there and readable.",
                    e);
        }
    }

    /**
     * The possible references of the package: the guest's earlier packages, base images, kernel and ramdisk.
     *
     * @param cancellation ends the wait for their indexes
     */
    SharedPages sharedPages(ImageStore images, Cancellation cancellation) throws VmmigException {
        SharedPages shared = new SharedPages();
        ReferenceStore store = images.references();
        PackageCache packages = store.packages();
        PackageCache.Others others = others(store);
        List<Digest> earlier = Stream.concat(Stream.ofNullable(baseline), packages.of(manifest.guestUuid()).stream())
                .distinct()
                .limit(MAX_EARLIER)
                .toList();
        for (Digest seal : earlier) {
            // A first baseline of several that could not be cached together with what it is based on would be useless.
            if (further > 1 && baseline == null && !packages.leavesRoom(seal)) {
                continue;
            }
            shared.add(
                    new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, seal),
                    () -> awaitIndex(
                                    packages.prepare(seal, others),
                                    "the cached package " + seal,
                                    INDEX_DEADLINE,
                                    cancellation)
                            ? packages.find(seal, others, further + 1)
                            : Optional.empty());
        }
        files().forEach((reference, file) -> {
            PageLayout layout = PageLayout.of(reference.kind());
            shared.add(
                    reference,
                    () -> awaitIndex(
                                    store.prepare(file, layout, reference.digest()),
                                    file.toString(),
                                    INDEX_DEADLINE,
                                    cancellation)
                            ? Optional.of(store.of(file, layout, reference.digest()))
                            : Optional.empty());
        });
        return shared;
    }

    /** Remembers base images, kernel and ramdisk for the guest's return to this host. */
    void remember(ImageStore images) throws VmmigException {
        for (Map.Entry<Manifest.Reference, Path> file : files().entrySet()) {
            images.remember(file.getValue(), PageLayout.of(file.getKey().kind()).format());
        }
    }

    /**
     * Retains kernel and ramdisk in the image store if vmmig has created their files for the guest, since those are removed after its
     * departure.
     */
    void keepBootFiles(ImageStore images) throws VmmigException {
        for (Path file : Stream.of(domain.kernel(), domain.ramdisk())
                .flatMap(Optional::stream)
                .toList()) {
            try {
                Path directory = file.toAbsolutePath().normalize().getParent();
                if (directory != null && GuestFileList.in(directory).paths().contains(file)) {
                    images.add(file, ImageFormat.RAW);
                }
            } catch (IOException e) {
                throw VmmigException.from(
                        e, Problem.FILE_FAILED, "could not keep " + file, "Check the image store and its disk.");
            }
        }
    }

    /** Adds to a refusal where the missing base images are at the source, which the destination does not know. */
    VmmigException located(VmmigException missing) {
        Failure failure = missing.failure();
        List<String> places = new ArrayList<>();
        for (Manifest.Disk disk : manifest.disks()) {
            Manifest.Base base = disk.base();
            DiskChain.Image image = baseImage(disk);
            if (base != null
                    && image != null
                    && failure.what().contains(base.content().digest().toString())
                    && !failure.what().contains(image.path().toString())) {
                places.add("that of disk " + disk.target() + " is " + image.path() + " at the source");
            }
        }
        return places.isEmpty()
                ? missing
                : VmmigException.of(
                        failure.problem(),
                        failure.what() + "; " + String.join(", ", places),
                        failure.remedy(),
                        missing);
    }

    /** The image on this host that a disk is based on, or null if none. */
    DiskChain.@Nullable Image baseImage(Manifest.Disk disk) {
        DiskChain chain = chains.get(disk.target());
        return chain == null ? null : chain.base();
    }

    /** The file of a base image on this host. */
    Path fileOf(Manifest.Base base) throws VmmigException {
        return Objects.requireNonNull(files().get(new Manifest.Reference(
                Manifest.Reference.Kind.of(base.format()), base.content().digest())));
    }

    /** Builds the index of a baseline, without which it would be useless, and waits for that. */
    void indexBaseline(ImageStore images, Digest seal, Cancellation cancellation) throws VmmigException {
        ReferenceStore store = images.references();
        cancellation.await(store.packages().prepare(seal, others(store)).toCompletableFuture());
    }

    /** A baseline of the same guest after that one, on which so many packages will be based. */
    Departure asBaseline(@Nullable Digest before, int packages) {
        return new Departure(domain, manifest.asBaseline(), chains, belongings, shared, before, packages);
    }

    /** The same guest, offered now, after that baseline. */
    Departure begunNow(Digest after) {
        return new Departure(domain, manifest.begunNow(), chains, belongings, shared, after, 0);
    }

    /** Where the overlays of this guest's disks would be: beside the images that they lie on. */
    Map<String, Path> placesOfOverlays() {
        Map<String, Path> places = new LinkedHashMap<>();
        chains.forEach((target, chain) -> {
            if (!chain.layers().isEmpty() && !shared.files().containsKey(target)) {
                Path top = chain.layers().get(chain.layers().size() - 1).path().toAbsolutePath();
                String unique = manifest.packageId().toString().substring(0, 8);
                places.put(target, top.resolveSibling(top.getFileName() + ".vmmig-" + unique));
            }
        });
        return places;
    }

    /** The same guest, if it moves live. */
    Departure asLive() {
        return new Departure(domain, manifest.asLive(), chains, belongings, shared, baseline, further);
    }

    /** Finds what earlier packages refer to, in the store or among this guest's files. */
    PackageCache.Others others(ReferenceStore store) throws VmmigException {
        Map<Manifest.Reference, Path> files = files();
        return reference -> {
            Optional<PageSource> found = store.find(reference);
            Path file = files.get(reference);
            return found.isPresent() || file == null
                    ? found
                    : Optional.of(store.of(file, PageLayout.of(reference.kind()), reference.digest()));
        };
    }

    /** Base images, kernel and ramdisk, in the best order for looking up pages. */
    private Map<Manifest.Reference, Path> files() throws VmmigException {
        Map<Manifest.Reference, Path> files = new LinkedHashMap<>();
        for (Manifest.Disk disk : manifest.disks()) {
            Manifest.Base base = disk.base();
            DiskChain.Image image = baseImage(disk);
            if (base != null && image != null) {
                files.putIfAbsent(
                        new Manifest.Reference(
                                Manifest.Reference.Kind.of(base.format()),
                                base.content().digest()),
                        image.path());
            }
        }
        addBootFile(files, manifest.kernel(), domain.kernel());
        addBootFile(files, manifest.ramdisk(), domain.ramdisk());
        return files;
    }

    private static void addBootFile(
            Map<Manifest.Reference, Path> files, Manifest.@Nullable Content content, Optional<Path> file) {
        if (content != null && file.isPresent()) {
            files.putIfAbsent(new Manifest.Reference(Manifest.Reference.Kind.BOOT_2, content.digest()), file.get());
        }
    }

    /** Waits for an index, which is built once, while the guest runs. Without it the package is correct, but larger. */
    static boolean awaitIndex(CompletionStage<Void> index, String name, Duration atMost, Cancellation cancellation)
            throws CancelledException {
        CompletableFuture<Void> built = index.toCompletableFuture();
        cancellation.onRequest(() -> built.cancel(false));
        try {
            built.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            LOG.info("{} is still being indexed", name);
        } catch (ExecutionException e) {
            LOG.warn("{} could not be indexed: {}", name, String.valueOf(e.getCause()));
        } catch (CancellationException e) {
            cancellation.check();
            LOG.info("{} is no longer being indexed", name, e);
        } catch (InterruptedException e) {
            throw Cancellation.interrupted(e);
        }
        return false;
    }

    /** The size of all disk layers, in bytes, as known before the guest is paused. */
    long diskBytes() {
        return manifest.disks().stream()
                .flatMap(disk -> disk.layers().stream())
                .mapToLong(Manifest.Layer::fileBytes)
                .sum();
    }

    /** The size of the included base images, in bytes. */
    long includedBytes() {
        return manifest.includedBases().stream()
                .mapToLong(base -> base.content().bytes())
                .sum();
    }

    /** Base images that are not in the package, and that the destination must therefore hold. */
    List<Digest> references() {
        return manifest.disks().stream()
                .map(Manifest.Disk::base)
                .filter(Objects::nonNull)
                .filter(base -> !base.included())
                .map(base -> base.content().digest())
                .distinct()
                .toList();
    }

    /** The files that belong to this guest alone: its images, kernel and ramdisk, and what its hypervisor has created for it. */
    Set<Path> ownFiles() throws VmmigException {
        Set<Path> files = new TreeSet<>(domain.outputs());
        ownImages().forEach(files::add);
        domain.kernel().ifPresent(files::add);
        domain.ramdisk().ifPresent(files::add);
        return files;
    }

    /** The guest's own disk images that still exist, without shared ones. */
    List<Path> imagesStillHere() {
        return ownImages().filter(Files::exists).toList();
    }

    private Stream<Path> ownImages() {
        return chains.entrySet().stream()
                .filter(chain -> !shared.files().containsKey(chain.getKey()))
                .flatMap(chain -> chain.getValue().layers().stream())
                .map(DiskChain.Image::path);
    }

    /** The domain of the saved guest, as sent. */
    DomainXml travelling(String savedXml) throws VmmigException {
        return shared.without(DomainXml.parse(savedXml));
    }

    /** Checks that the saved guest has the disks of the offer: somebody may have made a snapshot meanwhile. */
    void requireUnchanged(Guest guest, String savedXml) throws VmmigException {
        DomainXml saved = travelling(savedXml);
        boolean same = saved.disks().equals(domain.disks())
                && saved.sharedDisks().equals(domain.sharedDisks())
                && DiskChains.images(DiskChains.of(guest, saved)).equals(DiskChains.images(chains));
        if (!same) {
            throw new HypervisorException(
                    Problem.GUEST_BUSY,
                    "the guest's disks were changed while it was about to move",
                    "Wait until snapshots and block jobs are done, then try again.");
        }
    }
}
