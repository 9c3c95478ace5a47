// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.LibvirtError;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Explains why libvirt or QEMU cannot start a guest on this host: which device fails, what it needs here, and what to do. libvirt
 * only reports the low-level error.
 */
final class StartRefusals {
    /**
     * A kind of error.
     *
     * @param words the message of libvirt or QEMU; its first group is what is missing
     * @param child the interface's child that names what is missing; empty if it is not about an interface
     * @param attribute the attribute of that child
     * @param what our message, with {@code %1$s} for what is missing and {@code %2$s} for the device that needs it
     * @param remedy the advice, with the same
     */
    private record Kind(Problem problem, Pattern words, String child, String attribute, String what, String remedy) {}

    private static final String PREPARE_BRIDGE =
            "Make the bridge there, as with ip link add %1$s type bridge, or give the guest another one with"
                    + " DomainSettings.bridge(\"%1$s\", …).";

    private static final List<Kind> KINDS = List.of(
            missing(
                    "(?:interface MTU on|tap interface to bridge|Unable to add bridge|Unable to get bridge|bridge device) '?([^'\\s:]+)'?.*No such device",
                    "source",
                    "bridge",
                    "the host has no bridge %1$s, which %2$s is connected to",
                    PREPARE_BRIDGE),
            missing(
                    "(?:interface (?:index|flags|MAC) (?:on|for)|get interface .* on|macvtap.* on) '?([^'\\s:]+)'?.*No such device",
                    "source",
                    "dev",
                    "the host has no network device %1$s, which %2$s is connected to",
                    "Connect the guest to another one there."),
            missing(
                    "no network with matching name '([^']+)'",
                    "source",
                    "network",
                    "the host has no network %1$s, which %2$s is connected to",
                    "Define and start the network there (virsh net-define, net-start), or give the guest another one with"
                            + " DomainSettings.network(\"%1$s\", …)."),
            missing(
                    "network '([^']+)' is not active",
                    "source",
                    "network",
                    "the host's network %1$s, which %2$s is connected to, is not active",
                    "Start the network there: virsh net-start %1$s."),
            missing(
                    "(?:no nwfilter with matching name|referenced filter) '([^']+)'",
                    "filterref",
                    "filter",
                    "the host has no network filter %1$s, which %2$s uses",
                    "Define the filter there (virsh nwfilter-define), or take it out of the guest."),
            missing(
                    "(?:master var store for loader:? '?([^'\\s]+)|(?:find|no) any? ?'?(\\w*)'? ?firmware)",
                    "the host has no firmware for the guest: %1$s",
                    "Install the same firmware there (package ovmf or edk2)."),
            missing(
                    "(?:does not provide required features|missing features):? ([\\w, .-]+)",
                    "the host's CPU lacks features that the guest uses: %1$s",
                    "Move it to a host with such a CPU, or start the guest with a CPU model that both hosts have."),
            missing(
                    "(?:CPU model '?([\\w.-]+)'?|the CPU is incompatible with host CPU|guest CPU (?:doesn't|does not) match|[Uu]nknown CPU model ?'?([\\w.-]*)'?)",
                    "the host cannot offer the guest its CPU %1$s",
                    "Move it to a host with such a CPU, or start the guest with a CPU model that both hosts have."),
            missing(
                    "(Failed to bind|[Aa]ddress already in use|Cannot assign requested address)",
                    "an address or a port that a device of the guest listens at is in use there, or is not one of the host's",
                    "Free it, or take the listening device out of the guest's definition."),
            missing(
                    "find an unused port in range '([^']+)'",
                    "all ports for displays (%1$s) are in use there",
                    "Free one, or allow more in qemu.conf."),
            kind(
                    Problem.DISK_IN_USE,
                    "(Failed to get \"(?:write|consistent read)\" lock|Is another process using the image)",
                    "an image of the guest is in use there",
                    "Find out what uses it."),
            kind(
                    Problem.FILE_FAILED,
                    "(?:[Cc]annot access storage file|Could not open|failed to open|Unable to read from|open disk image file) '?([^'\\s:]+)'?.*(?:No such file|Permission denied)",
                    "libvirt or QEMU cannot open %1$s there",
                    "Check that it exists, and that QEMU's user may open it."),
            kind(
                    Problem.MEMORY_INSUFFICIENT,
                    "(cannot set up guest memory|[Cc]annot allocate memory)",
                    "the host has not enough memory for the guest",
                    "Free some memory there."),
            missing(
                    "(vhost-net|vhost-vsock|/dev/[\\w/.-]+).*(?:unavailable|unable to open|No such file|No such device)",
                    "the host does not offer %1$s, which a device of the guest needs",
                    "Load the kernel's module for it, or take the device out of the guest."),
            kind(
                    Problem.ARCHITECTURE_UNSUPPORTED,
                    "Cannot check QEMU binary ([^:\\s]+)",
                    "the host's emulator %1$s cannot be used",
                    "Install it, or name another one with DomainSettings.emulatedBy(…)."),
            kind(
                    Problem.MACHINE_UNSUPPORTED,
                    "(?:[Uu]nsupported machine type '?([\\w.-]+)|machine type '([\\w.-]+)'.* not supported)",
                    "the host's emulator does not know the machine type %1$s",
                    "Install a QEMU there that does."));

    private StartRefusals() {}

    private static Kind kind(Problem problem, String words, String what, String remedy) {
        return new Kind(problem, Pattern.compile(words, Pattern.DOTALL), "", "", what, remedy);
    }

    private static Kind missing(String words, String what, String remedy) {
        return kind(Problem.RESOURCE_MISSING, words, what, remedy);
    }

    private static Kind missing(String words, String child, String attribute, String what, String remedy) {
        Pattern pattern = Pattern.compile(words, Pattern.DOTALL);
        return new Kind(Problem.RESOURCE_MISSING, pattern, child, attribute, what, remedy);
    }

    /** The error for a guest that could not be started; {@code failed} itself if it did not come from libvirt. */
    static VmmigException explained(VmmigException failed, String domainXml, String guest, String log) {
        Optional<LibvirtError> error = Errors.ofLibvirt(failed);
        if (error.isEmpty() || failed.problem() == Problem.HYPERVISOR_UNREACHABLE) {
            return failed;
        }
        String words = String.valueOf(error.get().getMessage()).strip();
        Failure failure = KINDS.stream()
                .map(kind -> failure(kind, words, domainXml, guest))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseGet(() -> Failure.of(
                        failed.problem(),
                        "libvirt cannot start " + guest + " with the guest's devices and memory (" + words + ")",
                        "Look at the log of its QEMU there, " + log + "."));
        return VmmigException.of(failure, failed);
    }

    private static Optional<Failure> failure(Kind kind, String words, String domainXml, String guest) {
        Matcher matcher = kind.words().matcher(words);
        if (!matcher.find()) {
            return Optional.empty();
        }
        String missing = "";
        for (int i = 1; i <= matcher.groupCount(); i++) {
            missing = missing.isEmpty() && matcher.group(i) != null
                    ? matcher.group(i).strip()
                    : missing;
        }
        String device = "";
        if (!kind.child().isEmpty()) {
            Optional<String> named = HostNeeds.interfaceNaming(domainXml, kind.child(), kind.attribute(), missing);
            // A libvirt network has a bridge that no interface names.
            device = named.orElse("an interface of the guest");
        }
        return Optional.of(Failure.of(
                kind.problem(),
                kind.what().formatted(missing, device) + " (libvirt: " + words + ")",
                kind.remedy().formatted(missing, device)));
    }
}
