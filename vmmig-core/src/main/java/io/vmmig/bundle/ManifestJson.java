// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.error.PackageFormatException;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A manifest as {@code manifest.json}; the format is specified in {@code docs/package-format.md}. */
final class ManifestJson {
    private static final String WHERE = "manifest.json";
    private static final int MAX_VCPUS = 1 << 16;
    private static final int MAX_REFERENCES = 256;
    private static final Pattern ARCHITECTURE = Pattern.compile("[A-Za-z0-9_]{1,32}");
    private static final Pattern MACHINE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]{0,63}");
    private static final Pattern DOMAIN_TYPE = Pattern.compile("kvm|qemu");
    private static final Pattern DISK_TARGET = Pattern.compile("[a-z]{2,4}[a-z0-9]{0,12}");

    /** The contents whose encodings the manifest names, so that an unknown encoding is refused before any content is read. */
    private static final List<String> ENCODED = List.of("kernel", "ramdisk", "disks", "snapshot");

    private static final Set<String> FIELDS = Set.of(
            "vmmig", "package", "created", "guest", "source", "encodings", "kernel", "ramdisk", "disks", "references");
    private static final Set<String> GUEST_FIELDS = Set.of(
            "name", "uuid", "architecture", "machine", "type", "cpu", "memory", "vcpus", "running", "persistent");
    private static final Set<String> SOURCE_FIELDS = Set.of("host", "qemu", "libvirt");
    private static final Set<String> DISK_FIELDS = Set.of("target", "layers", "base");
    private static final Set<String> REFERENCE_FIELDS = Set.of("kind", "digest");
    private static final Set<String> LAYER_FIELDS = Set.of("format", "virtual", "file");
    private static final Set<String> LAYER_FIELDS_OF_LIVE = Set.of("format", "virtual", "file", "overlay");
    private static final Set<String> CONTENT_FIELDS = Set.of("digest", "bytes");
    private static final Set<String> BASE_FIELDS = Set.of("digest", "bytes", "format");
    private static final Set<String> BASE_FIELDS_SINCE_2 = Set.of("digest", "bytes", "format", "included");

    private ManifestJson() {}

    /** The manifest as JSON, always the same bytes for the same manifest. */
    public static byte[] write(Manifest manifest) {
        JsonText encodings = new JsonText();
        ENCODED.forEach(kind -> encodings.put(kind, encodingOf(kind)));
        return new JsonText()
                .put("vmmig", manifest.formatVersion())
                .put("package", manifest.packageId())
                .put("created", manifest.createdAt())
                .put("guest", guest(manifest))
                .put("source", source(manifest))
                .put("encodings", encodings)
                .put("kernel", content(manifest.kernel()))
                .put("ramdisk", content(manifest.ramdisk()))
                .objects("disks", manifest.disks(), disk -> disk(disk, manifest.live()))
                .objects("references", manifest.references(), reference -> new JsonText()
                        .put("kind", reference.kind().word())
                        .put("digest", reference.digest()))
                .lines();
    }

    private static JsonText guest(Manifest manifest) {
        return new JsonText()
                .put("name", manifest.guestName())
                .put("uuid", manifest.guestUuid())
                .put("architecture", manifest.architecture())
                .put("machine", manifest.machine())
                .put("type", manifest.domainType())
                .put("cpu", manifest.cpuModel())
                .put("memory", manifest.memoryBytes())
                .put("vcpus", manifest.vcpus())
                .put("running", manifest.running())
                .put("persistent", manifest.persistent());
    }

    private static JsonText source(Manifest manifest) {
        return new JsonText()
                .put("host", manifest.sourceHost())
                .put("qemu", manifest.hypervisorVersion())
                .put("libvirt", manifest.libvirtVersion());
    }

    private static String encodingOf(String kind) {
        return kind.equals("disks") || kind.equals("snapshot") ? SealedContent.PAGES : SealedContent.ZSTD;
    }

    private static @Nullable JsonText content(Manifest.@Nullable Content content) {
        return content == null
                ? null
                : new JsonText().put("digest", content.digest()).put("bytes", content.bytes());
    }

    private static JsonText disk(Manifest.Disk disk, boolean live) {
        JsonText json = new JsonText()
                .put("target", disk.target())
                .objects("layers", disk.layers(), layer -> new JsonText()
                        .put("format", layer.format().word())
                        .put("virtual", layer.virtualBytes())
                        .put("file", layer.fileBytes())
                        .put("overlay", live && layer.overlay() ? true : null));
        Manifest.Base base = disk.base();
        if (base != null) {
            JsonText content = new JsonText()
                    .put("digest", base.content().digest())
                    .put("bytes", base.content().bytes())
                    .put("format", base.format().word());
            json.put("base", base.included() ? content.put("included", true) : content);
        }
        return json;
    }

    /**
     * Parses a manifest.
     *
     * @param offer whether to leave out references of unknown kinds, rather than refuse them
     * @throws PackageFormatException when it is malformed, too new, or beyond {@code limits}
     */
    public static Manifest read(byte[] bytes, PackageLimits limits, boolean offer) throws PackageFormatException {
        Malformed.requireWithin("the size of " + WHERE, bytes.length, limits.get(Limit.MANIFEST_BYTES));
        JsonFields fields = JsonFields.of(bytes, WHERE);
        int version = version(fields);
        fields.knowing(FIELDS);
        requireEncodings(fields);
        JsonFields guest = fields.object("guest").knowing(GUEST_FIELDS);
        JsonFields source = fields.object("source").knowing(SOURCE_FIELDS);
        return new Manifest(
                version,
                fields.uuid("package"),
                guestName(guest),
                guest.uuid("uuid"),
                guest.text("architecture", ARCHITECTURE),
                guest.text("machine", MACHINE),
                guest.text("type", DOMAIN_TYPE),
                guest.has("cpu") ? guest.text("cpu", 128) : null,
                guest.size("memory", 1, limits.get(Limit.MEMORY_BYTES)),
                (int) guest.number("vcpus", 1, MAX_VCPUS),
                guest.flag("running"),
                guest.flag("persistent"),
                source.text("qemu", 64),
                source.text("libvirt", 64),
                source.text("host", 255),
                fields.instant("created"),
                content(fields, "kernel", limits.get(Limit.KERNEL_BYTES)),
                content(fields, "ramdisk", limits.get(Limit.RAMDISK_BYTES)),
                disks(fields, version, limits),
                references(fields, offer));
    }

    private static List<Manifest.Reference> references(JsonFields fields, boolean offer) throws PackageFormatException {
        Set<Manifest.Reference> references = new LinkedHashSet<>();
        for (JsonFields reference : fields.objects("references", MAX_REFERENCES)) {
            reference.knowing(REFERENCE_FIELDS);
            String word = reference.text("kind", 16);
            Optional<Manifest.Reference.Kind> kind = Manifest.Reference.Kind.of(word);
            if (kind.isEmpty() && offer) {
                continue;
            }
            if (kind.isEmpty()) {
                throw Malformed.tooNew("the package refers to content of a kind that this vmmig does not know: "
                        + Malformed.quoted(word));
            }
            if (!references.add(new Manifest.Reference(kind.get(), reference.digest("digest")))) {
                throw reference.malformed("digest", "names a reference that was named before");
            }
        }
        return List.copyOf(references);
    }

    private static int version(JsonFields fields) throws PackageFormatException {
        if (!fields.beginsWith("vmmig")) {
            throw Malformed.because(WHERE + " does not begin with the field vmmig");
        }
        long version = fields.number("vmmig", 1, Integer.MAX_VALUE);
        if (version > Manifest.LIVE_VERSION) {
            throw Malformed.tooNew("the package is of format version " + version + ", and this vmmig reads up to "
                    + Manifest.LIVE_VERSION);
        }
        return (int) version;
    }

    private static void requireEncodings(JsonFields fields) throws PackageFormatException {
        JsonFields encodings = fields.object("encodings").knowing(Set.copyOf(ENCODED));
        for (String kind : ENCODED) {
            String encoding = encodings.text(kind, 64);
            if (!encoding.equals(encodingOf(kind))) {
                throw Malformed.tooNew("the " + kind + " of the package is encoded as " + Malformed.quoted(encoding)
                        + ", which this vmmig does not know");
            }
        }
    }

    private static String guestName(JsonFields guest) throws PackageFormatException {
        String name = guest.text("name", 255);
        if (name.indexOf('/') >= 0 || name.startsWith(".") || name.startsWith("-") || Texts.isBlank(name)) {
            throw guest.malformed("name", "is not a name that a guest can have: " + Malformed.quoted(name));
        }
        return name;
    }

    private static Manifest.@Nullable Content content(JsonFields fields, String name, long limit)
            throws PackageFormatException {
        if (!fields.has(name)) {
            return null;
        }
        JsonFields content = fields.object(name).knowing(CONTENT_FIELDS);
        return new Manifest.Content(content.digest("digest"), content.size("bytes", 0, limit));
    }

    private static List<Manifest.Disk> disks(JsonFields fields, int version, PackageLimits limits)
            throws PackageFormatException {
        List<Manifest.Disk> disks = new ArrayList<>();
        Set<String> targets = new HashSet<>();
        Set<Manifest.Base> included = new HashSet<>();
        long bytes = 0;
        for (JsonFields disk : fields.objects("disks", limits.get(Limit.DISKS))) {
            disk.knowing(DISK_FIELDS);
            String target = disk.text("target", DISK_TARGET);
            if (!targets.add(target)) {
                throw disk.malformed("target", "names a disk that was named before: " + target);
            }
            Manifest.@Nullable Base base = base(disk, version, limits);
            if (base != null && base.included() && included.add(base)) {
                bytes = sum(bytes, base.content().bytes(), limits);
            }
            List<Manifest.Layer> layers = new ArrayList<>();
            for (JsonFields layer : disk.objects("layers", limits.get(Limit.LAYERS))) {
                Manifest.Layer next = layer(layer, version, limits, base != null || !layers.isEmpty());
                // A raw image decodes to its virtual size, even if its file is sparse.
                long decoded = next.format() == ImageFormat.RAW ? next.virtualBytes() : 0;
                bytes = sum(bytes, Math.max(decoded, next.fileBytes()), limits);
                layers.add(next);
            }
            for (int i = 0; i < layers.size(); i++) {
                if (layers.get(i).overlay() && (i == 0 || i < layers.size() - 1)) {
                    throw disk.malformed("layers", "has an overlay that is not the highest of several layers");
                }
            }
            if (layers.isEmpty() && base == null) {
                throw disk.malformed("layers", "is empty, and there is no base image either");
            }
            disks.add(new Manifest.Disk(target, layers, base));
        }
        return disks;
    }

    /** What all images together come to with that many bytes more. */
    private static long sum(long bytes, long more, PackageLimits limits) throws PackageFormatException {
        long sum = bytes > Long.MAX_VALUE - more ? Long.MAX_VALUE : bytes + more;
        Malformed.requireWithin("the size of all disk images together", sum, limits.get(Limit.DISK_BYTES));
        return sum;
    }

    private static Manifest.Layer layer(JsonFields layer, int version, PackageLimits limits, boolean standsOnAnother)
            throws PackageFormatException {
        boolean live = version == Manifest.LIVE_VERSION;
        layer.knowing(live ? LAYER_FIELDS_OF_LIVE : LAYER_FIELDS);
        ImageFormat format = format(layer);
        if (standsOnAnother && format != ImageFormat.QCOW2) {
            throw layer.malformed("format", "is one that cannot have a backing file: " + format.word());
        }
        return new Manifest.Layer(
                format,
                layer.size("virtual", 0, limits.get(Limit.VIRTUAL_DISK_BYTES)),
                layer.size("file", 0, limits.get(Limit.DISK_BYTES)),
                live && layer.has("overlay") && layer.flag("overlay"));
    }

    private static Manifest.@Nullable Base base(JsonFields disk, int version, PackageLimits limits)
            throws PackageFormatException {
        if (!disk.has("base")) {
            return null;
        }
        JsonFields base = disk.object("base").knowing(version < 2 ? BASE_FIELDS : BASE_FIELDS_SINCE_2);
        return new Manifest.Base(
                new Manifest.Content(
                        base.digest("digest"), base.size("bytes", 0, limits.get(Limit.VIRTUAL_DISK_BYTES))),
                format(base),
                base.has("included") && base.flag("included"));
    }

    private static ImageFormat format(JsonFields fields) throws PackageFormatException {
        String word = fields.text("format", 16);
        return ImageFormat.of(word)
                .orElseThrow(() -> fields.malformed("format", "is not one that travels: " + Malformed.quoted(word)));
    }
}
