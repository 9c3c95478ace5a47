// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a host offers to guests.
 *
 * @param hostName the host's name
 * @param hypervisorVersion QEMU's version, such as {@code 7.2.11}
 * @param libvirtVersion the version of libvirt that drives it, such as {@code 9.0.0}
 * @param freeMemoryBytes memory available to a new guest, in bytes
 * @param emulators one per architecture and domain type
 */
public record HostCapabilities(
        String hostName,
        String hypervisorVersion,
        String libvirtVersion,
        long freeMemoryBytes,
        List<Emulator> emulators) {
    public HostCapabilities {
        emulators = List.copyOf(emulators);
    }

    /** The emulator for an architecture (libvirt's name, such as {@code x86_64}) and domain type (kvm or qemu). */
    public Optional<Emulator> emulator(String architecture, String domainType) {
        return emulators.stream()
                .filter(e ->
                        e.architecture().equals(architecture) && e.domainType().equals(domainType))
                .findFirst();
    }

    /**
     * A program that runs guests of one architecture.
     *
     * @param architecture libvirt's name of the architecture, such as {@code x86_64}
     * @param domainType {@code kvm} or {@code qemu}
     * @param path the absolute path of the program
     * @param machines the machine types that it knows, aliases included
     */
    public record Emulator(String architecture, String domainType, String path, Set<String> machines) {
        public Emulator {
            machines = Set.copyOf(machines);
        }
    }
}
