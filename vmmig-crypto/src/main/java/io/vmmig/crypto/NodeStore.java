// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hosts that this one trusts, in a directory with a file for each, which only its owner can read. All answers are current,
 * whichever thread or process made the last change. A change that has returned survives a power cut. Thread-safe.
 */
public final class NodeStore implements TrustedNodes {
    private static final Logger LOG = LoggerFactory.getLogger(NodeStore.class);
    private static final String SUFFIX = ".node";
    private static final Pattern FILE = Pattern.compile("([0-9a-f]{64})\\.node");
    private static final String NAME = "name: ";
    private static final int MAX_BYTES = 64 << 10;

    private final OwnerOnlyDirectory directory;
    private final RemovalWatch watch;

    private NodeStore(OwnerOnlyDirectory directory) {
        this.directory = directory;
        this.watch = new RemovalWatch(directory.path(), this::fingerprints, NodeStore::fingerprintOf);
    }

    /**
     * The nodes in {@code directory}, which is created if necessary, accessible to its owner only.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when that fails, or when it belongs to another user, or others can
     *     write there
     */
    public static NodeStore in(Path directory) throws VmmigException {
        try {
            return new NodeStore(OwnerOnlyDirectory.at(directory));
        } catch (IOException e) {
            throw failure(directory, e);
        }
    }

    /** Trusts the host with this card, under the card's own name. As {@link #add(NodeCard, String)}. */
    public Node add(NodeCard card) throws VmmigException {
        return add(card, card.name());
    }

    /**
     * Trusts the host with this card. Compare its fingerprint before. If it is trusted already, it gets this name.
     *
     * @param name its name here: 1 to 63 letters, digits, dots and hyphens, beginning with a letter or digit
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else, or another node has that name
     */
    public Node add(NodeCard card, String name) throws VmmigException {
        NodeCard.requireUsableName(name);
        Node node = new Node(name, card);
        return changed(() -> {
            requireFree(name, card.keys().fingerprint());
            write(node);
            return node;
        });
    }

    /**
     * Trusts the new keys of a host that is trusted already, instead of its old ones: the old signing key vouches for the new one
     * on the card. So the card may come from anywhere, and nobody has to compare anything. The name stays.
     *
     * @throws VmmigException with {@link Problem#NODE_UNKNOWN} when no trusted node vouches for the card
     */
    public Node renew(NodeCard card) throws VmmigException {
        Fingerprint[] replaced = new Fingerprint[1];
        Node renewed = changed(() -> {
            Node previous = list().stream()
                    .filter(node ->
                            card.formerSigners().contains(node.card().keys().signing()))
                    .findFirst()
                    .orElseThrow(() -> new IntegrityException(
                            Problem.NODE_UNKNOWN,
                            "no node that is trusted vouches for the new keys of " + card.name() + ", fingerprint "
                                    + card.keys().fingerprint(),
                            "Compare the fingerprint with that host's, and add it."));
            Node next = new Node(previous.name(), card);
            write(next);
            remove(previous.fingerprint());
            replaced[0] = previous.fingerprint();
            return next;
        });
        watch.removed(replaced[0]);
        return renewed;
    }

    /**
     * Stops trusting a host. When this returns, all listeners registered by {@link #onRemoval} of this store have been told.
     *
     * @return whether it was trusted
     */
    public boolean delete(Fingerprint fingerprint) throws VmmigException {
        boolean deleted = changed(() -> remove(fingerprint));
        if (deleted) {
            watch.removed(fingerprint);
        }
        return deleted;
    }

    private boolean remove(Fingerprint fingerprint) throws IOException {
        boolean removed = false;
        watch.removing(fingerprint);
        try {
            removed = directory.delete(fingerprint.hex() + SUFFIX);
            return removed;
        } finally {
            if (!removed) {
                watch.notRemoved(fingerprint);
            }
        }
    }

    /** All nodes, sorted by name. A node whose file is damaged, or can be read by others, is left out and logged. */
    public List<Node> list() throws VmmigException {
        try {
            List<Node> nodes = new ArrayList<>();
            for (Fingerprint fingerprint : fingerprints()) {
                try {
                    read(fingerprint).ifPresent(nodes::add);
                } catch (IOException e) {
                    LOG.warn("a node is not trusted: {}. Delete it, and add it again.", e.getMessage());
                }
            }
            nodes.sort(Comparator.comparing(Node::name)
                    .thenComparing(node -> node.fingerprint().hex()));
            return nodes;
        } catch (IOException e) {
            throw failure(directory.path(), e);
        }
    }

    /**
     * The node with that fingerprint.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when its file is damaged, or can be read by others
     */
    public Optional<Node> find(Fingerprint fingerprint) throws VmmigException {
        try {
            return read(fingerprint);
        } catch (IOException e) {
            throw failure(directory.path(), e);
        }
    }

    /** The node with that name here. */
    public Optional<Node> find(String name) throws VmmigException {
        return first(node -> node.name().equals(name));
    }

    /** The node whose signing key this is, or a previous one that is still valid. */
    public Optional<Node> find(SignerKey signer) throws VmmigException {
        return first(node -> node.signsWith(signer));
    }

    private Optional<Node> first(Predicate<Node> which) throws VmmigException {
        return list().stream().filter(which).findFirst();
    }

    @Override
    public boolean trusts(Fingerprint node) throws VmmigException {
        return find(node).isPresent();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Removals by other stores and processes are noticed when the operating system reports them.
     */
    @Override
    public Subscription onRemoval(Consumer<Fingerprint> listener) throws VmmigException {
        try {
            return watch.subscribe(Objects.requireNonNull(listener));
        } catch (IOException e) {
            throw failure(directory.path(), e);
        }
    }

    private Set<Fingerprint> fingerprints() throws IOException {
        Set<Fingerprint> found = new HashSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory.path(), "*" + SUFFIX)) {
            for (Path file : files) {
                fingerprintOf(file).ifPresent(found::add);
            }
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        return found;
    }

    private static Optional<Fingerprint> fingerprintOf(Path file) {
        var matcher = FILE.matcher(String.valueOf(file.getFileName()));
        return matcher.matches() ? Optional.of(new Fingerprint(matcher.group(1))) : Optional.empty();
    }

    private void requireFree(String name, Fingerprint except) throws VmmigException {
        Optional<Node> other =
                first(node -> node.name().equals(name) && !node.fingerprint().equals(except));
        if (other.isPresent()) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "another node is called " + name + ", with the fingerprint "
                            + other.get().fingerprint(),
                    "Choose another name, or delete that node first.");
        }
    }

    private void write(Node node) throws IOException {
        String content = NAME + node.name() + "\n" + node.card().text();
        directory.replace(node.fingerprint().hex() + SUFFIX, content.getBytes(StandardCharsets.US_ASCII));
    }

    private Optional<Node> read(Fingerprint fingerprint) throws IOException {
        String file = fingerprint.hex() + SUFFIX;
        String content;
        try {
            content = new String(directory.read(file, MAX_BYTES), StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        int end = content.indexOf('\n');
        try {
            if (end < 0 || !content.startsWith(NAME)) {
                throw new IllegalArgumentException("it does not begin with a name");
            }
            Node node = new Node(content.substring(NAME.length(), end), NodeCard.parse(content.substring(end + 1)));
            if (!node.fingerprint().equals(fingerprint)) {
                throw new IllegalArgumentException("it is another node's");
            }
            return Optional.of(node);
        } catch (IntegrityException | IllegalArgumentException e) {
            throw new IOException(directory.path().resolve(file) + " is damaged", e);
        }
    }

    private interface Change<T> {
        T make() throws IOException, VmmigException;
    }

    private <T> T changed(Change<T> change) throws VmmigException {
        try {
            return directory.locked(() -> {
                try {
                    return change.make();
                } catch (VmmigException e) {
                    throw new IOException(e.getMessage(), e);
                }
            });
        } catch (IOException e) {
            throw failure(directory.path(), e);
        }
    }

    private static VmmigException failure(Path directory, IOException e) {
        if (e.getCause() instanceof IntegrityException cause && cause.problem() == Problem.NODE_CARD_INVALID) {
            // A damaged card in the store is a problem of the file, not of its sender.
            return VmmigException.of(
                    Problem.FILE_FAILED,
                    "the trusted nodes cannot be read: " + e.getMessage(),
                    "Delete that file, and add the node again.",
                    e);
        }
        return VmmigException.from(
                e,
                Problem.FILE_FAILED,
                "the trusted nodes in " + directory + " cannot be read or changed",
                "Check that the directory belongs to this user and that nobody else can write there.");
    }

    @Override
    public String toString() {
        return "NodeStore[" + directory.path() + "]";
    }
}
