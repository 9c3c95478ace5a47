// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import com.google.gson.JsonObject;
import com.google.gson.stream.JsonWriter;
import io.vmmig.bundle.format.Encodings;
import io.vmmig.error.PackageFormatException;
import io.vmmig.json.JsonFields;
import io.vmmig.json.Malformed;
import io.vmmig.json.StrictJson;
import io.vmmig.json.Texts;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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

    /** What each kind of content is encoded as. A later encoding is named here, so that it is refused before any byte. */
    private static final List<String> ENCODED = List.of("kernel", "ramdisk", "disks", "snapshot");

    private static final Set<String> FIELDS = Set.of(
            "vmmig", "package", "created", "guest", "source", "encodings", "kernel", "ramdisk", "disks", "references");
    private static final Set<String> GUEST_FIELDS = Set.of(
            "name", "uuid", "architecture", "machine", "type", "cpu", "memory", "vcpus", "running", "persistent");
    private static final Set<String> SOURCE_FIELDS = Set.of("host", "qemu", "libvirt");
    private static final Set<String> DISK_FIELDS = Set.of("target", "layers", "base");
    private static final Set<String> REFERENCE_FIELDS = Set.of("kind", "digest");
    private static final Set<String> LAYER_FIELDS = Set.of("format", "virtual", "file");
    private static final Set<String> CONTENT_FIELDS = Set.of("digest", "bytes");
    private static final Set<String> BASE_FIELDS = Set.of("digest", "bytes", "format");
    private static final Set<String> BASE_FIELDS_SINCE_2 = Set.of("digest", "bytes", "format", "included");

    private ManifestJson() {}

    /** The manifest as JSON, always the same bytes for the same manifest. */
    public static byte[] write(Manifest manifest) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            write(manifest, json);
        } catch (IOException e) {
            throw new UncheckedIOException("a string takes whatever is written", e);
        }
        return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void write(Manifest manifest, JsonWriter json) throws IOException {
        json.beginObject();
        json.name("vmmig").value(manifest.formatVersion());
        json.name("package").value(manifest.packageId().toString());
        json.name("created").value(manifest.createdAt().toString());
        json.name("guest").beginObject();
        json.name("name").value(manifest.guestName());
        json.name("uuid").value(manifest.guestUuid().toString());
        json.name("architecture").value(manifest.architecture());
        json.name("machine").value(manifest.machine());
        json.name("type").value(manifest.domainType());
        if (manifest.cpuModel() != null) {
            json.name("cpu").value(manifest.cpuModel());
        }
        json.name("memory").value(manifest.memoryBytes());
        json.name("vcpus").value(manifest.vcpus());
        json.name("running").value(manifest.running());
        json.name("persistent").value(manifest.persistent());
        json.endObject();
        json.name("source").beginObject();
        json.name("host").value(manifest.sourceHost());
        json.name("qemu").value(manifest.hypervisorVersion());
        json.name("libvirt").value(manifest.libvirtVersion());
        json.endObject();
        json.name("encodings").beginObject();
        for (String kind : ENCODED) {
            json.name(kind).value(encodingOf(kind));
        }
        json.endObject();
        writeContent(json, "kernel", manifest.kernel());
        writeContent(json, "ramdisk", manifest.ramdisk());
        json.name("disks").beginArray();
        for (Manifest.Disk disk : manifest.disks()) {
            writeDisk(json, disk);
        }
        json.endArray();
        writeReferences(json, manifest);
        json.endObject();
    }

    private static String encodingOf(String kind) {
        return kind.equals("disks") || kind.equals("snapshot") ? Encodings.PAGES : Encodings.ZSTD;
    }

    private static void writeReferences(JsonWriter json, Manifest manifest) throws IOException {
        json.name("references").beginArray();
        for (Manifest.Reference reference : manifest.references()) {
            json.beginObject();
            json.name("kind").value(reference.kind().word());
            json.name("digest").value(reference.digest().toString());
            json.endObject();
        }
        json.endArray();
    }

    private static void writeContent(JsonWriter json, String name, Manifest.@Nullable Content content)
            throws IOException {
        if (content == null) {
            return;
        }
        json.name(name).beginObject();
        json.name("digest").value(content.digest().toString());
        json.name("bytes").value(content.bytes());
        json.endObject();
    }

    private static void writeDisk(JsonWriter json, Manifest.Disk disk) throws IOException {
        json.beginObject();
        json.name("target").value(disk.target());
        json.name("layers").beginArray();
        for (Manifest.Layer layer : disk.layers()) {
            json.beginObject();
            json.name("format").value(layer.format().word());
            json.name("virtual").value(layer.virtualBytes());
            json.name("file").value(layer.fileBytes());
            json.endObject();
        }
        json.endArray();
        Manifest.Base base = disk.base();
        if (base != null) {
            json.name("base").beginObject();
            json.name("digest").value(base.content().digest().toString());
            json.name("bytes").value(base.content().bytes());
            json.name("format").value(base.format().word());
            if (base.included()) {
                json.name("included").value(true);
            }
            json.endObject();
        }
        json.endObject();
    }

    /**
     * The manifest that {@code bytes} hold.
     *
     * @throws PackageFormatException when they hold none, one that is too new, or one that is beyond {@code limits}
     */
    public static Manifest read(byte[] bytes, PackageLimits limits) throws PackageFormatException {
        return read(bytes, limits, false);
    }

    /** As {@link #read}, without the references of kinds that only a newer vmmig knows. */
    public static Manifest readOffer(byte[] bytes, PackageLimits limits) throws PackageFormatException {
        return read(bytes, limits, true);
    }

    private static Manifest read(byte[] bytes, PackageLimits limits, boolean offer) throws PackageFormatException {
        if (bytes.length > limits.manifestBytes()) {
            throw Malformed.overLimit("the size of " + WHERE, bytes.length, limits.manifestBytes());
        }
        JsonObject object = StrictJson.object(bytes, WHERE);
        JsonFields fields = new JsonFields(object, WHERE);
        int version = version(object, fields);
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
                guest.size("memory", 1, limits.memoryBytes()),
                (int) guest.number("vcpus", 1, MAX_VCPUS),
                guest.flag("running"),
                guest.flag("persistent"),
                source.text("qemu", 64),
                source.text("libvirt", 64),
                source.text("host", 255),
                fields.instant("created"),
                content(fields, "kernel", limits.kernelBytes()),
                content(fields, "ramdisk", limits.ramdiskBytes()),
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

    private static int version(JsonObject object, JsonFields fields) throws PackageFormatException {
        if (object.isEmpty() || !object.keySet().iterator().next().equals("vmmig")) {
            throw Malformed.because(WHERE + " does not begin with the field vmmig");
        }
        long version = fields.number("vmmig", 1, Integer.MAX_VALUE);
        if (version > Manifest.FORMAT_VERSION) {
            throw Malformed.tooNew("the package is of format version " + version + ", and this vmmig reads up to "
                    + Manifest.FORMAT_VERSION);
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
        for (JsonFields disk : fields.objects("disks", limits.disks())) {
            disk.knowing(DISK_FIELDS);
            String target = disk.text("target", DISK_TARGET);
            if (!targets.add(target)) {
                throw disk.malformed("target", "names a disk that was named before: " + target);
            }
            Manifest.@Nullable Base base = base(disk, version, limits);
            if (base != null && base.included() && included.add(base)) {
                bytes = saturatedSum(bytes, base.content().bytes());
                requireDiskBytes(bytes, limits);
            }
            List<Manifest.Layer> layers = new ArrayList<>();
            for (JsonFields layer : disk.objects("layers", limits.layers())) {
                Manifest.Layer next = layer(layer, limits, base != null || !layers.isEmpty());
                // A raw image decodes to what the guest sees, however little of it its file holds.
                bytes = saturatedSum(
                        bytes,
                        next.format() == ImageFormat.RAW
                                ? Math.max(next.virtualBytes(), next.fileBytes())
                                : next.fileBytes());
                requireDiskBytes(bytes, limits);
                layers.add(next);
            }
            if (layers.isEmpty() && base == null) {
                throw disk.malformed("layers", "is empty, and there is no base image either");
            }
            disks.add(new Manifest.Disk(target, layers, base));
        }
        return disks;
    }

    private static void requireDiskBytes(long bytes, PackageLimits limits) throws PackageFormatException {
        if (bytes > limits.diskBytes()) {
            throw Malformed.overLimit("the size of all disk images together", bytes, limits.diskBytes());
        }
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }

    private static Manifest.Layer layer(JsonFields layer, PackageLimits limits, boolean standsOnAnother)
            throws PackageFormatException {
        layer.knowing(LAYER_FIELDS);
        ImageFormat format = format(layer);
        if (standsOnAnother && format != ImageFormat.QCOW2) {
            throw layer.malformed("format", "is one that cannot stand on another image: " + format.word());
        }
        return new Manifest.Layer(
                format, layer.size("virtual", 0, limits.virtualDiskBytes()), layer.size("file", 0, limits.diskBytes()));
    }

    private static Manifest.@Nullable Base base(JsonFields disk, int version, PackageLimits limits)
            throws PackageFormatException {
        if (!disk.has("base")) {
            return null;
        }
        JsonFields base = disk.object("base").knowing(version < 2 ? BASE_FIELDS : BASE_FIELDS_SINCE_2);
        return new Manifest.Base(
                new Manifest.Content(base.digest("digest"), base.size("bytes", 0, limits.virtualDiskBytes())),
                format(base),
                base.has("included") && base.flag("included"));
    }

    private static ImageFormat format(JsonFields fields) throws PackageFormatException {
        String word = fields.text("format", 16);
        return ImageFormat.of(word)
                .orElseThrow(() -> fields.malformed("format", "is not one that travels: " + Malformed.quoted(word)));
    }
}
