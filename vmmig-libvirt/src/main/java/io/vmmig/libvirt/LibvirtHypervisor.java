// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.binding.HostView;
import io.vmmig.libvirt.binding.LibvirtError;
import io.vmmig.libvirt.posix.SeekableHoles;
import io.vmmig.libvirt.posix.WorkDirectory;
import io.vmmig.xml.BoundedXml;
import io.vmmig.xml.Xml;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Element;

/**
 * QEMU through the libvirt of this machine: a daemon, or libvirt's driver embedded in this process.
 *
 * <p>A guest's memory never touches a disk: libvirt writes it to a FIFO and reads it from one. Saving takes an external memory
 * snapshot, so the guest stays on its host, paused, until the caller resumes or retires it; a guest that does not support this is
 * refused. Restoring puts the given XML in front of the stream, in libvirt's own save format. That XML is therefore <em>the</em>
 * XML of the image, and libvirt has nothing to compare it with: name, uuid, paths and everything else that QEMU does not check
 * itself may differ from the source's.
 *
 * <p>If the connection breaks, the running call fails with {@link Problem#HYPERVISOR_UNREACHABLE}, and the next one connects
 * again. Thread-safe.
 */
public final class LibvirtHypervisor implements Hypervisor {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtHypervisor.class);

    /** A piece of memory takes a few milliseconds, and a guest may be paused meanwhile. */
    private static final Duration QUICK_CALL = Duration.ofSeconds(3);

    private final LibvirtUri uri;
    private final LibvirtOptions options;
    private final Calls calls;
    /**
     * On a separate connection, because calls on one connection delay each other: during a long call, such as a save, libvirt's
     * client may ignore others for the five seconds between two keep-alive messages.
     */
    private final Calls quickCalls;
    /** Queries about a guest during its save, while it is paused. */
    private final Calls looks;

    private final Claims claims = new Claims();

    private LibvirtHypervisor(LibvirtUri uri, LibvirtOptions options) {
        this.uri = uri;
        this.options = options;
        calls = new Calls(new Link(uri), options.callDeadline());
        quickCalls = new Calls(
                new Link(uri), options.callDeadline().compareTo(QUICK_CALL) < 0 ? options.callDeadline() : QUICK_CALL);
        looks = new Calls(new Link(uri), options.callDeadline());
    }

    /** As {@link #connect(String, LibvirtOptions)}, with {@link LibvirtOptions#defaults()}. */
    public static LibvirtHypervisor connect(String uri) throws VmmigException {
        return connect(uri, LibvirtOptions.defaults());
    }

    /**
     * Connects to a libvirt of this machine. Also removes FIFOs that crashed processes of this user have left in the work
     * directory.
     *
     * <p>{@code qemu:///embed?root=DIR} runs libvirt's QEMU driver inside this process, without any daemon; its files are under
     * {@code DIR}, its guests outlive the process, and {@code DIR/etc/qemu.conf} is written if there is none. A process can use
     * only one such directory in its lifetime, and only one process at a time can use a directory; the driver runs until the
     * process ends, even if every hypervisor is closed.
     *
     * @param uri {@code qemu:///system}, {@code qemu:///session}, {@code qemu+unix:///system?socket=PATH} or {@code
     *     qemu:///embed?root=DIR}
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} for a URI of another machine or hypervisor, or {@link
     *     Problem#HYPERVISOR_UNREACHABLE} when libvirt cannot be reached
     */
    public static LibvirtHypervisor connect(String uri, LibvirtOptions options) throws VmmigException {
        LibvirtUri parsed = LibvirtUri.parse(uri);
        WorkDirectory.sweep(options.workDirectory());
        LibvirtHypervisor hypervisor = new LibvirtHypervisor(parsed, options);
        try {
            hypervisor.calls.call("connect to " + uri, HostView::isAlive);
            return hypervisor;
        } catch (Throwable e) {
            hypervisor.close();
            throw e;
        }
    }

    @Override
    public HostCapabilities capabilities() throws VmmigException {
        return calls.call(
                "ask what the host offers",
                connection -> new HostCapabilities(
                        connection.hostName(),
                        connection.hypervisorVersion(),
                        connection.libvirtVersion(),
                        FreeMemory.ofThisMachine().orElse(connection.freeMemory()),
                        CapabilitiesXml.emulators(connection.capabilities())));
    }

    @Override
    public Guest guest(String name) throws VmmigException {
        UUID uuid = calls.call("find the guest " + name, connection -> {
            try (DomainView domain = connection.domain(name)) {
                return domain.uuid();
            }
        });
        return new LibvirtGuest(
                new GuestCalls(calls, claims, name, uuid),
                new GuestCalls(quickCalls, claims, name, uuid),
                new GuestCalls(looks, claims, name, uuid),
                options,
                claims,
                new CopyOnWriteArrayList<>());
    }

    @Override
    public FileHoles fileHoles() {
        return SeekableHoles::of;
    }

    @Override
    public List<GuestId> guests() throws VmmigException {
        return calls.call("list the guests", connection -> {
            List<GuestId> guests = new ArrayList<>();
            List<? extends DomainView> domains = connection.domains();
            try {
                for (DomainView domain : domains) {
                    guests.add(new GuestId(domain.name(), domain.uuid()));
                }
            } finally {
                domains.forEach(DomainView::close);
            }
            return guests;
        });
    }

    @Override
    public List<FileInUse> filesInUse(UUID except) throws VmmigException {
        return calls.call("see which files the other guests use", connection -> NamedFiles.besides(except, connection));
    }

    @Override
    public Optional<Path> sharedDirectory() throws VmmigException {
        String id = calls.call("ask which host this is", HostView::capabilities);
        return SharedDirectory.of(uri, id, options.workDirectory());
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#NAME_IN_USE} or {@link Problem#UUID_IN_USE} when the host has such a guest, even
     *     if it is only defined, and {@link Problem#REQUEST_INVALID} when the XML lacks a name or a uuid
     */
    @Override
    public RestoringGuest restore(RestoreRequest request) throws VmmigException {
        GuestId id = identity(request.domainXml());
        claims.claim(id.uuid(), id.name());
        try {
            refuseIfKnown(id);
            requireRestorable(request);
            return LibvirtRestoringGuest.start(
                    new GuestCalls(calls, claims, id.name(), id.uuid()),
                    new GuestCalls(quickCalls, claims, id.name(), id.uuid()),
                    options,
                    request,
                    uri.qemuLog(id.name()),
                    () -> claims.release(id.uuid()));
        } catch (Throwable e) {
            claims.release(id.uuid());
            throw e;
        }
    }

    /** Libvirt's cookie is laid out in more than one way, and says of every guest whether it has a helper for slirp. */
    @Override
    public boolean restoresAlike(RestoreRequest one, RestoreRequest other) {
        return essence(one).equals(essence(other));
    }

    static RestoreRequest essence(RestoreRequest request) {
        String cookie = request.cookie();
        return cookie == null
                ? request
                : new RestoreRequest(
                        request.domainXml(),
                        cookie.replaceAll(">\\s+<", "><")
                                .replace("<slirpHelper/>", "")
                                .replace("<cookie></cookie>", "<cookie/>"),
                        request.definitionXml());
    }

    @Override
    public void requireRestorable(RestoreRequest request) throws VmmigException {
        for (HostNeeds.Need need : HostNeeds.of(request.domainXml())) {
            try {
                calls.call("find the " + need.kind() + " " + need.name(), host -> {
                    switch (need.kind()) {
                        case "network" -> host.requireNetwork(need.name());
                        default -> host.requireFilter(need.name());
                    }
                    return true;
                });
            } catch (HypervisorException e) {
                if (!(e.problem() == Problem.HYPERVISOR_FAILED && isUnsupported(e))) {
                    String name = identity(request.domainXml()).name();
                    throw StartRefusals.explained(e, request.domainXml(), name, uri.qemuLog(name));
                }
                LOG.debug("libvirt cannot say whether there is a {} {}", need.kind(), need.name());
            }
        }
    }

    /** There may be no driver for networks or filters, as with the embedded driver; starting the guest will show. */
    private static boolean isUnsupported(Throwable e) {
        return Errors.ofLibvirt(e)
                .filter(error -> error.code() != LibvirtError.NO_NETWORK
                        && error.code() != LibvirtError.NO_NWFILTER
                        && error.code() != LibvirtError.OPERATION_INVALID)
                .isPresent();
    }

    private void refuseIfKnown(GuestId id) throws VmmigException {
        for (GuestId known : guests()) {
            if (known.name().equals(id.name())) {
                throw VmmigException.of(
                        Problem.NAME_IN_USE,
                        "this host already has a guest named " + id.name(),
                        "Remove or rename it, or restore under another name.");
            }
            if (known.uuid().equals(id.uuid())) {
                throw VmmigException.of(
                        Problem.UUID_IN_USE,
                        "this host already has a guest with the uuid " + id.uuid() + ", named " + known.name(),
                        "Remove it, or restore under another uuid.");
            }
        }
    }

    private static GuestId identity(String domainXml) throws VmmigException {
        try {
            Element domain = BoundedXml.parse(domainXml, "it");
            String name = Xml.text(domain, "name");
            String uuid = Xml.text(domain, "uuid");
            if (!name.isEmpty() && !uuid.isEmpty()) {
                return new GuestId(name, UUID.fromString(uuid));
            }
        } catch (IncompatibleException | IllegalArgumentException e) {
            String why =
                    e instanceof IncompatibleException known ? known.failure().what() : e.getMessage();
            throw VmmigException.of(Problem.REQUEST_INVALID, "the domain XML cannot be read: " + why, "", e);
        }
        throw VmmigException.of(Problem.REQUEST_INVALID, "the domain XML lacks a name or a uuid", "");
    }

    @Override
    public void close() {
        looks.close();
        quickCalls.close();
        calls.close();
    }
}
