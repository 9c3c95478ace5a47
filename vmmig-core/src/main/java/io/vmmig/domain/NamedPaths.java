// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.VmmigException;
import io.vmmig.xml.BoundedXml;
import io.vmmig.xml.Xml;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;

/**
 * The paths that an XML of libvirt names, whether of a domain, running or defined, or of a snapshot. Files with these paths must
 * not be removed. Unknown texts count as host paths, so the list is rather too long than too short.
 */
public final class NamedPaths {
    /** A path within an option that libvirt passes through to QEMU. */
    private static final Pattern WITHIN = Pattern.compile("/[^,;\"'\\s]+");
    /** Paths that only the guest sees, and metadata that libvirt keeps for others. */
    private static final Set<String> PASSED_OVER = Set.of("target", "metadata", "description", "title");

    private NamedPaths() {}

    /** All absolute paths, as they are named. */
    public static Set<Path> in(String xml) throws VmmigException {
        Set<Path> paths = new LinkedHashSet<>();
        look(BoundedXml.parse(xml, "the XML"), paths);
        return Set.copyOf(paths);
    }

    private static void look(Element element, Set<Path> paths) {
        if (PASSED_OVER.contains(element.getTagName())) {
            return;
        }
        boolean foreign = DomainXml.foreign(element);
        NamedNodeMap attributes = element.getAttributes();
        for (int i = 0; i < attributes.getLength(); i++) {
            add(attributes.item(i).getNodeValue(), foreign, paths);
        }
        if (Xml.children(element).isEmpty()) {
            add(Xml.text(element), foreign, paths);
        }
        Xml.children(element).forEach(child -> look(child, paths));
    }

    private static void add(String text, boolean foreign, Set<Path> paths) {
        if (text.startsWith("/")) {
            addPath(text, paths);
        }
        if (foreign) {
            Matcher within = WITHIN.matcher(text);
            while (within.find()) {
                addPath(within.group(), paths);
            }
        }
    }

    private static void addPath(String text, Set<Path> paths) {
        try {
            paths.add(Path.of(text));
        } catch (InvalidPathException e) {
            // No file has that name.
        }
    }
}
