// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.domain.NamedPaths;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Hypervisor.FileInUse;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.binding.HostView;
import io.vmmig.libvirt.binding.LibvirtError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The paths that libvirt's domains name, running or defined, in any of their XML. */
final class NamedFiles {
    private NamedFiles() {}

    /** The paths of all domains except one. */
    static List<FileInUse> besides(UUID except, HostView<? extends DomainView> connection)
            throws LibvirtError, VmmigException {
        List<FileInUse> files = new ArrayList<>();
        List<? extends DomainView> domains = connection.domains();
        try {
            for (DomainView domain : domains) {
                if (!domain.uuid().equals(except)) {
                    for (Path path : paths(domain, connection)) {
                        files.add(new FileInUse(domain.name(), path));
                    }
                }
            }
        } finally {
            domains.forEach(DomainView::close);
        }
        return files;
    }

    private static Set<Path> paths(DomainView domain, HostView<? extends DomainView> connection)
            throws LibvirtError, VmmigException {
        Set<Path> paths = new LinkedHashSet<>();
        try {
            for (String xml : domain.everyXml()) {
                paths.addAll(NamedPaths.in(xml));
                addVolumes(paths, xml, connection);
            }
        } catch (LibvirtError e) {
            // A transient domain can end meanwhile.
            if (e.code() != LibvirtError.NO_DOMAIN) {
                throw e;
            }
        }
        return paths;
    }

    /** A disk may be given as a volume of a storage pool. */
    private static void addVolumes(Set<Path> paths, String xml, HostView<? extends DomainView> connection)
            throws LibvirtError, VmmigException {
        NodeList sources = LibvirtXml.parse(xml).getElementsByTagName("source");
        for (int i = 0; i < sources.getLength(); i++) {
            if (sources.item(i) instanceof Element source && source.hasAttribute("volume")) {
                paths.add(Path.of(connection.volumePath(source.getAttribute("pool"), source.getAttribute("volume"))));
            }
        }
    }
}
