import io
import itertools
import random

import numpy as np
from PIL import Image
from skimage import data

from crawler.clusters import find_clusters
from imaging.phash import phash


def test_chains_of_near_hashes_are_one_cluster_named_by_its_smallest_id():
    images = [("c", "0000000000000000", ""), ("a", "000000000000003f", ""), ("b", "0000000000000fff", "")]
    far = ("d", "ffffffffffffffff", "")
    for order in itertools.permutations([*images, far]):
        assert find_clusters(order) == {"a": "a", "b": "a", "c": "a", "d": "d"}


def test_adding_images_later_gives_the_same_clusters():
    rng = random.Random(0)
    hashes = [f"{rng.getrandbits(64):016x}" for _ in range(30)]
    hashes += [f"{int(h, 16) ^ (1 << rng.randrange(64)):016x}" for h in hashes[:10]]
    images = [(f"{number:02}", phash, "") for number, phash in enumerate(hashes)]
    rng.shuffle(images)
    early = find_clusters(images[:25])
    later = [(image, phash, early.get(image, "")) for image, phash, _ in images]
    assert find_clusters(later) == find_clusters(images)


def test_a_recompressed_and_shrunk_copy_is_near_and_another_picture_is_not():
    def hash_of(image: Image.Image) -> int:
        return int(phash(np.asarray(image.convert("L"))), 16)

    cat = Image.fromarray(data.chelsea())
    buffer = io.BytesIO()
    cat.resize((230, 150)).save(buffer, "JPEG", quality=40)
    copy = Image.open(buffer)
    assert (hash_of(cat) ^ hash_of(copy)).bit_count() <= 6
    assert (hash_of(cat) ^ hash_of(Image.fromarray(data.coffee()))).bit_count() > 6


def test_no_images_have_no_clusters():
    assert find_clusters([]) == {}
