// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.DomainView;
import java.util.Optional;
import java.util.UUID;

/**
 * libvirt generates a new generation ID whenever it restores a guest that has one, whatever the XML says ({@code
 * qemuProcessGenID} in its {@code qemu_process.c}), and QEMU passes it to the guest. Only libvirt's own migration keeps the ID.
 */
final class GenerationIds {
    private GenerationIds() {}

    /** The ID of a restored guest. */
    static Optional<UUID> live(GuestCalls guest) throws VmmigException {
        return DomainXml.parse(guest.call("read the XML of", DomainView::xml)).generationId();
    }

    /** A definition with the restored guest's generation ID, so that its next start does not change it again. */
    static String asLive(String definitionXml, GuestCalls guest) throws VmmigException {
        DomainXml definition = DomainXml.parse(definitionXml);
        if (definition.generationId().isEmpty()) {
            return definitionXml;
        }
        Optional<UUID> live = live(guest);
        return live.isEmpty()
                ? definitionXml
                : definition.withGenerationId(live.get()).text();
    }
}
