// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.json.Malformed;
import io.vmmig.xml.Xml;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.w3c.dom.Element;

/**
 * The images of a disk, as opened by the hypervisor. This is what the guest sees: libvirt passes each image to QEMU by path and
 * format, and QEMU then ignores the backing files named in qcow2 headers.
 *
 * @param images the active image first, then those below it
 * @param complete whether the last image has no backing file; otherwise the hypervisor does not say
 */
public record LiveChain(List<Image> images, boolean complete) {
    /** Elements of a source that do not affect its content. */
    private static final Set<String> HARMLESS = Set.of("seclabel", "privateData");

    public LiveChain {
        images = List.copyOf(images);
    }

    /**
     * An image.
     *
     * @param file where it is, absolute
     * @param format the format that it is opened with
     */
    public record Image(Path file, ImageFormat format) {}

    /**
     * The chain of each file-backed disk, by target.
     *
     * @param liveXml the live XML in libvirt's form for this host; the migratable form has no chains
     * @throws IncompatibleException with {@link Problem#DISK_UNSUPPORTED} if an image cannot be moved
     * @throws HypervisorException with {@link Problem#GUEST_BUSY} if a block job copies a disk
     */
    public static Map<String, LiveChain> of(String liveXml) throws VmmigException {
        Map<String, LiveChain> chains = new LinkedHashMap<>();
        for (Element disk : DomainXml.parse(liveXml).devices("disk")) {
            if (!fileOf(disk).isEmpty()) {
                String target = DomainXml.target(disk);
                chains.put(target, new Reader(target).read(disk));
            }
        }
        return chains;
    }

    private static String fileOf(Element disk) {
        return Xml.attribute(disk, "source", "file");
    }

    /** Reads the chain of one disk. */
    private record Reader(String target) {
        LiveChain read(Element disk) throws VmmigException {
            Optional<Element> mirror = Xml.child(disk, "mirror");
            if (mirror.isPresent()) {
                throw copied(mirror.get());
            }
            List<Image> images = new ArrayList<>();
            String format = Xml.attribute(disk, "driver", "type");
            images.add(image(disk, format.isEmpty() ? ImageFormat.RAW.word() : format));
            Element above = disk;
            while (true) {
                Optional<Element> below = Xml.child(above, "backingStore");
                if (below.isEmpty()) {
                    return new LiveChain(images, false);
                }
                above = below.get();
                if (Xml.children(above).isEmpty()) {
                    return new LiveChain(images, true);
                }
                Image upper = images.get(images.size() - 1);
                if (upper.format() == ImageFormat.RAW) {
                    throw unsupported(
                            "has " + upper.file() + ", which is raw but, according to libvirt, has a backing file",
                            "Give it a chain of qcow2 images, or a single raw one.");
                }
                images.add(image(above, Xml.attribute(above, "format", "type")));
            }
        }

        private HypervisorException copied(Element mirror) {
            String to = fileOf(mirror);
            String job = mirror.getAttribute("job");
            return new HypervisorException(
                    Problem.GUEST_BUSY,
                    "a block job" + (job.isEmpty() ? "" : " (" + job + ")") + " copies disk " + target
                            + (to.isEmpty() ? "" : " to " + to),
                    "Wait until it is done and pivot, or cancel it with virsh blockjob.");
        }

        private Image image(Element element, String format) throws VmmigException {
            String type = element.getAttribute("type");
            String file = fileOf(element);
            if (!(type.isEmpty() || type.equals("file")) || file.isEmpty()) {
                throw unsupported(
                        "is read from " + sourceOf(element) + ", which is not a file but of the type "
                                + Malformed.quoted(type),
                        "Copy that into the image above it with virsh blockpull, or use files.");
            }
            for (Element source : Xml.children(Xml.child(element, "source").orElseThrow())) {
                if (!HARMLESS.contains(source.getTagName())) {
                    throw unsupported(
                            "reads " + file + " with <" + source.getTagName() + ">",
                            "Copy the guest's view of it into a separate image.");
                }
            }
            ImageFormat known = ImageFormat.of(format)
                    .orElseThrow(() -> unsupported(
                            "reads " + file + " as " + Malformed.quoted(format), "Convert it to qcow2 or raw."));
            return new Image(DomainXml.path(file), known);
        }

        private static String sourceOf(Element element) {
            for (String attribute : List.of("dev", "name", "dir", "volume", "path")) {
                String value = Xml.attribute(element, "source", attribute);
                if (!value.isEmpty()) {
                    return Malformed.quoted(value);
                }
            }
            return "something";
        }

        private IncompatibleException unsupported(String why, String remedy) {
            return new IncompatibleException(Problem.DISK_UNSUPPORTED, "disk " + target + " " + why, remedy);
        }
    }
}
