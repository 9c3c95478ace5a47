// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.domain.AdaptedDomain;
import io.vmmig.domain.DomainAdapter;
import io.vmmig.domain.DomainDefinition;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.domain.DomainXml;
import io.vmmig.domain.GuestFiles;
import io.vmmig.domain.Obstacle;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.files.Claim;
import io.vmmig.files.FileNames;
import io.vmmig.files.Ownership;
import io.vmmig.files.PrivateFiles;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.json.Malformed;
import io.vmmig.page.PageSource;
import io.vmmig.qcow2.ImageFiles;
import io.vmmig.reference.PageLayout;
import io.vmmig.reference.ReferenceStore;
import io.vmmig.state.HostState;
import io.vmmig.transport.Offer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The destination's plan for an offered guest, made before any content is accepted. */
final class Arrival {
    private static final Logger LOG = LoggerFactory.getLogger(Arrival.class);

    private final Manifest manifest;
    private final HostCapabilities host;
    private final boolean copy;
    private final boolean offeredAsCopy;
    private final Origin origin;
    private final DomainSettings settings;
    private final DomainPolicy policy;
    private final Path directory;
    private final String guestName;
    private final Map<String, List<Path>> layerFiles = new LinkedHashMap<>();
    private final Map<String, Path> baseFiles = new HashMap<>();
    private final Map<Manifest.Base, Path> newBases = new LinkedHashMap<>();
    private final Set<String> held = new HashSet<>();
    private final List<Path> newFiles = new ArrayList<>();
    private final @Nullable Path kernel;
    private final @Nullable Path ramdisk;
    private @Nullable AdaptedGuest offered;
    private boolean reserved;

    private Arrival(Offer offer, Origin origin, HostCapabilities host, DestinationContext context)
            throws VmmigException {
        ReceiveSettings receive = context.settings();
        HeldContent content = new HeldContent(context.images(), context.hypervisor());
        Manifest manifest = offer.manifest();
        this.policy = receive.policy;
        this.manifest = manifest;
        this.host = host;
        this.origin = origin;
        this.offeredAsCopy = offer.guest().copy();
        this.copy = offeredAsCopy || receive.domain.uuid().isPresent();
        this.settings = identified(receive.domain, copy, origin);
        this.guestName = settings.name().orElse(manifest.guestName());
        this.directory = GuestDirectory.of(context.guests(), guestName);
        for (Manifest.Disk disk : manifest.disks()) {
            placeDisk(disk, () -> named(offer.domainXml(), disk.target()), content);
        }
        this.kernel = placeBootFile(manifest.kernel(), settings.kernel(), "kernel", content);
        this.ramdisk = placeBootFile(manifest.ramdisk(), settings.ramdisk(), "ramdisk", content);
    }

    /** Checks whether this host can take the guest. Changes nothing, and does not yet check whether the guest's names are free. */
    static Arrival of(Offer offer, Origin origin, DestinationContext context) throws VmmigException {
        HostCapabilities host = context.hypervisor().capabilities();
        Arrival arrival = new Arrival(offer, origin, host, context);
        arrival.offered = arrival.adapt(offer.domainXml(), offer.definitionXml());
        arrival.requireSpace(context.guests());
        if (offer.manifest().live() && !arrival.canReserve()) {
            throw new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "a disk of the guest is too large for a live migration to this host",
                    "Move it with Strategy.WARM.");
        }
        if (!context.settings().overcommitMemory) {
            requireMemory(host, offer.manifest());
        }
        return arrival;
    }

    /** A disk in words, with its file at the source. */
    private static String named(String domainXml, String target) {
        try {
            for (DomainXml.Disk disk : DomainXml.parse(domainXml).disks()) {
                if (disk.target().equals(target)) {
                    return "disk " + target + " (at the source "
                            + Malformed.quoted(disk.file().toString()) + ")";
                }
            }
        } catch (VmmigException e) {
            LOG.debug("what disk {} was at the source cannot be read", target, e);
        }
        return "disk " + target;
    }

    private void placeDisk(Manifest.Disk disk, Supplier<String> name, HeldContent content) throws VmmigException {
        String target = disk.target();
        Manifest.Base base = disk.base();
        if (base != null) {
            baseFiles.put(target, placeBase(target, name, disk.layers().isEmpty(), base, content));
        }
        List<Path> files = new ArrayList<>();
        int top = disk.layers().size() - 1;
        for (int i = 0; i <= top; i++) {
            ImageFormat format = disk.layers().get(i).format();
            Path usual = directory.resolve(target + "." + i + "." + format.word());
            files.add(i == top ? settings.disk(target).orElse(usual) : usual);
        }
        layerFiles.put(target, files);
        newFiles.addAll(files);
    }

    private Path placeBase(String target, Supplier<String> name, boolean only, Manifest.Base base, HeldContent content)
            throws VmmigException {
        Optional<Path> here = content.base(name, only, base);
        if (here.isPresent()) {
            held.add(base.content().digest().toString());
            return here.get();
        }
        return newBases.computeIfAbsent(base, included -> {
            Path file = directory.resolve(target + ".base." + included.format().word());
            newFiles.add(file);
            return file;
        });
    }

    private @Nullable Path placeBootFile(
            Manifest.@Nullable Content content, Optional<Path> chosen, String name, HeldContent held)
            throws VmmigException {
        if (content == null) {
            return null;
        }
        Optional<Path> here = chosen.isPresent() ? chosen : held.bootFile(content.digest());
        if (here.isPresent()) {
            this.held.add(content.digest().toString());
            return here.get();
        }
        Path file = directory.resolve(name);
        newFiles.add(file);
        return file;
    }

    /** A copy is a different guest from its original, and detects that by a new generation ID. */
    private static DomainSettings identified(DomainSettings settings, boolean copy, Origin origin) {
        DomainSettings identified =
                copy && settings.generationId().isEmpty() ? settings.withGenerationId(UUID.randomUUID()) : settings;
        return origin.identityOfCopy(identified);
    }

    /** Whether the guest has another uuid here, so that its package may be restored repeatedly. */
    boolean hasOwnIdentity() {
        return settings.uuid().isPresent();
    }

    boolean sourceMayAsk() {
        return origin.sourceMayAsk();
    }

    /** Throws if the received record and the offer disagree about whether the guest is a copy, since that decides its identity. */
    void requireAsOffered(GuestRecord received) throws PackageFormatException {
        if (received.copy() != offeredAsCopy) {
            throw new PackageFormatException(
                    Problem.PACKAGE_MALFORMED,
                    "the offer and the package disagree about whether the guest is a copy",
                    "Start the migration again.");
        }
    }

    /** Throws if the package begins with another manifest than the offer, except for its references. */
    void requireOffered(Manifest received) throws PackageFormatException {
        if (!received.withReferences(manifest.references()).equals(manifest)) {
            throw new PackageFormatException(
                    Problem.PACKAGE_MALFORMED,
                    "the package is not the one that was offered",
                    "Start the migration again.");
        }
    }

    /** The size of all disk layers, in bytes, as known before the guest is paused. */
    long diskBytes() {
        return manifest.disks().stream()
                .flatMap(disk -> disk.layers().stream())
                .mapToLong(Manifest.Layer::fileBytes)
                .sum();
    }

    /** Whether the original guest stays at its source. */
    boolean copy() {
        return copy;
    }

    /** Adapts the guest to this host, from the offer or from the package. */
    AdaptedGuest adapt(String domainXml, @Nullable String definitionXml) throws VmmigException {
        DomainXml domain = DomainXml.parse(domainXml);
        for (Obstacle obstacle : policy.obstaclesOf(domain)) {
            throw VmmigException.of(obstacle.problem(), obstacle.what(), obstacle.remedy());
        }
        requireAgreement(domain);
        AdaptedDomain running = new DomainAdapter(host, settings, files(), policy).adapt(domain);
        if (definitionXml == null) {
            return new AdaptedGuest(running, null, manifest.persistent(), List.of());
        }
        if (!manifest.persistent()) {
            throw malformed("the package has a definition of a guest that has none by its manifest");
        }
        DomainDefinition definition = DomainDefinition.of(definitionXml, domain, policy);
        return new AdaptedGuest(
                running,
                DomainAdapter.adapt(definition, running, host, settings, files(), policy),
                true,
                definition.otherMedia().stream().map(Belongings::emptied).toList());
    }

    /** The guest from the offer, adapted to this host. */
    AdaptedGuest offered() {
        return Objects.requireNonNull(offered);
    }

    /** Libvirt's cookie, adapted to this host. */
    @Nullable
    String adaptCookie(@Nullable String cookie) throws VmmigException {
        return cookie == null ? null : policy.cookie(cookie);
    }

    /** Checks that the XML and the manifest describe the same guest. */
    private void requireAgreement(DomainXml domain) throws VmmigException {
        boolean agrees = domain.name().equals(manifest.guestName())
                && domain.uuid().equals(manifest.guestUuid())
                && domain.memoryBytes() == manifest.memoryBytes()
                && agreesOnDisks(domain)
                && domain.kernel().isPresent() == (manifest.kernel() != null)
                && domain.ramdisk().isPresent() == (manifest.ramdisk() != null);
        if (!agrees) {
            throw malformed("the domain XML and the manifest describe different guests");
        }
    }

    static PackageFormatException malformed(String what) {
        return new PackageFormatException(Problem.PACKAGE_MALFORMED, what, "Make the package again.");
    }

    /**
     * The manifest and the XML must give the same image formats: vmmig checks images by the manifest and QEMU opens them by the XML, and
     * raw bytes opened as qcow2 could name a backing file of the sender's choice. A disk that consists of a base image only must be
     * read-only.
     */
    private boolean agreesOnDisks(DomainXml domain) throws VmmigException {
        List<DomainXml.Disk> used = domain.disks();
        List<Manifest.Disk> described = manifest.disks();
        if (used.size() != described.size()) {
            return false;
        }
        for (int i = 0; i < used.size(); i++) {
            DomainXml.Disk use = used.get(i);
            Manifest.Disk disk = described.get(i);
            boolean writable = !disk.layers().isEmpty();
            if (!use.target().equals(disk.target())
                    || use.format() != activeFormat(disk)
                    || !(writable || use.readOnly())) {
                return false;
            }
        }
        return true;
    }

    private static @Nullable ImageFormat activeFormat(Manifest.Disk disk) {
        if (disk.layers().isEmpty()) {
            return disk.base() == null ? null : disk.base().format();
        }
        return disk.layers().get(disk.layers().size() - 1).format();
    }

    private GuestFiles files() {
        Map<String, Path> active = new HashMap<>(baseFiles);
        layerFiles.forEach((target, files) -> {
            if (!files.isEmpty()) {
                active.put(target, files.get(files.size() - 1));
            }
        });
        return new GuestFiles(directory, active, kernel, ramdisk);
    }

    private static void requireUnused(Hypervisor hypervisor, DomainXml domain) throws VmmigException {
        for (Hypervisor.GuestId other : hypervisor.guests()) {
            if (other.name().equals(domain.name())) {
                throw new IncompatibleException(
                        Problem.NAME_IN_USE,
                        "the destination already has a guest named " + other.name(),
                        "Receive it under another name.");
            }
            if (other.uuid().equals(domain.uuid())) {
                throw new IncompatibleException(
                        Problem.UUID_IN_USE,
                        "the destination already has a guest with the uuid " + other.uuid() + ", named " + other.name(),
                        "Receive it with a new uuid, if it is meant to be a copy.");
            }
        }
    }

    private void requireSpace(Path guests) throws VmmigException {
        long needed = diskBytes()
                + newBases.keySet().stream()
                        .mapToLong(base -> base.content().bytes())
                        .sum();
        try {
            PrivateFiles.makeDirectory(guests, "rwxr-xr-x");
            Ownership.requireOwner(guests);
            long free = Files.getFileStore(guests).getUsableSpace();
            if (free < needed) {
                throw new TransportException(
                        Problem.DISK_FULL,
                        "the disks need " + needed + " bytes, and " + guests + " has " + free + " free",
                        "Free some space there, or receive into another directory.");
            }
        } catch (IOException e) {
            throw new TransportException(
                    Problem.FILE_FAILED,
                    "could not use the directory " + guests + ": " + e.getMessage(),
                    "Receive into a directory that belongs to the user who runs this program.",
                    e);
        }
    }

    private static void requireMemory(HostCapabilities host, Manifest manifest) throws VmmigException {
        if (host.freeMemoryBytes() < manifest.memoryBytes()) {
            throw new IncompatibleException(
                    Problem.MEMORY_INSUFFICIENT,
                    "the guest needs " + manifest.memoryBytes() + " bytes of memory, and host " + host.hostName()
                            + " has " + host.freeMemoryBytes() + " free",
                    "Free some memory there, or allow memory to be overcommitted.");
        }
    }

    Manifest manifest() {
        return manifest;
    }

    String guestName() {
        return guestName;
    }

    Set<String> held() {
        return Set.copyOf(held);
    }

    /** The files of the claims on the guest's name, uuid and paths at this host. */
    List<Path> claims(Hypervisor hypervisor, HostState state) throws VmmigException {
        DomainXml domain = offered().running().domain();
        Path shared = DepartureClaim.directory(hypervisor, state);
        List<Path> claims = new ArrayList<>();
        claims.add(shared.resolve("arriving-name-" + FileNames.of(guestName)));
        claims.add(shared.resolve("arriving-uuid-" + domain.uuid()));
        claims.add(Claim.besides(directory));
        List<Path> made = new ArrayList<>(newFiles);
        made.addAll(newOutputs(domain));
        for (Path file : made) {
            if (!isInside(file)) {
                claims.add(Claim.besides(file.toAbsolutePath().normalize()));
            }
        }
        return claims;
    }

    private boolean isInside(Path file) {
        return file.toAbsolutePath().normalize().startsWith(directory);
    }

    private static List<Path> newOutputs(DomainXml domain) throws VmmigException {
        return domain.outputs().stream()
                .filter(path -> !Files.exists(path, LinkOption.NOFOLLOW_LINKS))
                .toList();
    }

    /** Throws if any of these is in use. Call this after claiming them, so that they stay free. */
    void requireFree(Hypervisor hypervisor) throws VmmigException {
        requireUnused(hypervisor, offered().running().domain());
        GuestDirectory.requireFree(newFiles, offered().running().domain().uuid(), hypervisor);
    }

    /** The facts for its journal, once the claims are held. */
    ArrivalJournal.Facts facts(List<Path> claims, String source) throws VmmigException {
        return new ArrivalJournal.Facts(
                manifest.packageId(),
                guestName,
                offered().running().domain().uuid(),
                manifest.running(),
                directory,
                newFiles,
                newOutputs(offered().running().domain()),
                claims,
                source,
                origin.peer(),
                origin.sourceMayAsk(),
                Instant.now());
    }

    /** Records the files that the hypervisor will create in addition to those of the offer, before it creates them. */
    void recordOutputs(DomainXml domain, ArrivalJournal journal) throws VmmigException {
        List<Path> known = journal.outputs();
        List<Path> more = newOutputs(domain).stream()
                .filter(path -> !known.contains(path))
                .toList();
        for (Path path : more) {
            if (!isInside(path)) {
                throw VmmigException.of(
                        Problem.GUEST_BUSY,
                        "the guest was given another device while it was about to move, for which the destination would"
                                + " have to make " + path,
                        "Wait until changes of its devices are done, then try again.");
            }
        }
        if (!more.isEmpty()) {
            journal.addOutputs(more);
        }
    }

    /** Whether everything that is sent while the guest runs has arrived. */
    boolean bootFilesHere() {
        return newBases.values().stream().allMatch(Files::exists)
                && (newKernel() == null || Files.exists(newKernel()))
                && (newRamdisk() == null || Files.exists(newRamdisk()));
    }

    /** The layers that are to be merged into those below them once the guest runs here, by target. */
    Map<String, Path> overlays() throws VmmigException {
        Map<String, Path> overlays = new LinkedHashMap<>();
        for (Manifest.Disk disk : manifest.disks()) {
            if (disk.overlaid()) {
                overlays.put(disk.target(), layer(disk.target(), disk.layers().size() - 1));
            }
        }
        return overlays;
    }

    /** Whether {@link #reserveLayers} may be called: each expected image can have an empty placeholder. */
    boolean canReserve() {
        return manifest.disks().stream().flatMap(disk -> disk.layers().stream()).allMatch(ImageFiles::canReserve);
    }

    /** Creates empty placeholder images, unless they are there, with which a hypervisor can start. */
    void reserveLayers(ArrivalFiles made) throws VmmigException {
        if (reserved) {
            return;
        }
        reserved = true;
        try {
            for (Manifest.Disk disk : manifest.disks()) {
                for (int i = 0; i < disk.layers().size(); i++) {
                    Path file = layer(disk.target(), i);
                    made.create(file);
                    ImageFiles.reserveLayer(disk, i, file, backing(disk.target(), i));
                }
            }
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, "could not make a disk image", "Check the destination's directories.");
        }
    }

    /** Writes a layer, over its placeholder if there is one. */
    void writeLayer(InputStream in, Manifest.Disk disk, int layer, ArrivalFiles made)
            throws IOException, VmmigException {
        Path file = layer(disk.target(), layer);
        Path backing = backing(disk.target(), layer);
        if (!reserved) {
            made.create(file);
        }
        ImageFiles.fillLayer(in, disk, layer, file, backing);
    }

    /** The path for a base image to receive; empty if this host already has it. */
    Optional<Path> newBase(Manifest.Base base) {
        return Optional.ofNullable(newBases.get(base));
    }

    /** The disks that are based on an image, in words. */
    String disksOn(Manifest.Base base) {
        return manifest.disks().stream()
                .filter(disk -> base.equals(disk.base()))
                .map(Manifest.Disk::target)
                .collect(Collectors.joining(", "));
    }

    /** The base images to receive. */
    Map<Manifest.Base, Path> newBases() {
        return Collections.unmodifiableMap(newBases);
    }

    /** The path for a kernel to receive, or null if this host already has it. */
    @Nullable
    Path newKernel() {
        return kernel != null && newFiles.contains(kernel) ? kernel : null;
    }

    /** The path for a ramdisk to receive, or null if this host already has it. */
    @Nullable
    Path newRamdisk() {
        return ramdisk != null && newFiles.contains(ramdisk) ? ramdisk : null;
    }

    private Path layer(String target, int layer) throws VmmigException {
        return layerFiles.getOrDefault(target, List.of()).get(layer);
    }

    /** The image below a layer on this host, or null if the layer has no backing image. */
    private @Nullable Path backing(String target, int layer) throws VmmigException {
        return layer == 0 ? baseFiles.get(target) : layer(target, layer - 1);
    }

    /** Adds the possible references of the package that this host holds, or will hold in time. */
    void share(SharedPages shared, ReferenceStore store) throws VmmigException {
        boolean based = false;
        for (Manifest.Reference reference : manifest.references()) {
            if (comesAlong(reference)) {
                shared.add(reference, () -> find(reference, store));
                continue;
            }
            // The source uses one earlier package, the latest that this host holds.
            boolean earlier = reference.kind() == Manifest.Reference.Kind.PACKAGE;
            if (!(earlier && based)) {
                Optional<PageSource> pages = store.find(reference);
                pages.ifPresent(open -> shared.add(reference, open));
                based |= earlier && pages.isPresent();
            }
        }
    }

    private boolean comesAlong(Manifest.Reference reference) {
        return !manifest.baseline()
                && !origin.leftOut(held).contains(reference.digest().toString())
                && (manifest.bootReferences().contains(reference)
                        || manifest.includedBaseReferences().contains(reference));
    }

    /** The pages of content that arrives with the package, once it has arrived. */
    private Optional<PageSource> find(Manifest.Reference reference, ReferenceStore store) throws VmmigException {
        for (Map.Entry<Manifest.Base, Path> base : newBases.entrySet()) {
            Manifest.Reference.Kind kind =
                    Manifest.Reference.Kind.of(base.getKey().format());
            if (reference.equals(
                    new Manifest.Reference(kind, base.getKey().content().digest()))) {
                return Optional.of(store.of(base.getValue(), PageLayout.of(kind), reference.digest()));
            }
        }
        return store.find(reference);
    }

    /** Base images that the guest is based on and that were not sent. */
    List<Digest> references() {
        List<Digest> references = new ArrayList<>();
        for (Manifest.Disk disk : manifest.disks()) {
            if (disk.base() != null && !newBases.containsKey(disk.base())) {
                references.add(disk.base().content().digest());
            }
        }
        return references;
    }
}
