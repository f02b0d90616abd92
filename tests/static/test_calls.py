"""Kernels belong to a call: threads, calls within calls, backward passes that call layers again."""

import copy
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from hypernetworks import convolution_kernels, hyperize
from tests.static.small import Small, images


def hyper(plain):
    torch.manual_seed(0)
    return hyperize(plain, (4, 4), 3, select=["first", "second"]).double()


def double_images():
    return images(2, 20).double()


def elsewhere(function, *arguments):
    """What the function gives in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


class Waiting(Small):
    """Between two generated layers, waits where it is told to."""

    def __init__(self):
        super().__init__()
        self.between = lambda: None

    def forward(self, x):
        x = self.first(x)
        self.between()
        return self.last(self.wide(self.second(x)))


@pytest.mark.parametrize("grad", [False, True])
def test_overlapping_calls_have_kernels_of_their_own(grad):
    net, x = hyper(Waiting()).eval(), double_images()
    begun, changed = threading.Event(), threading.Event()

    def wait():
        begun.set()
        assert changed.wait(60)

    def call():
        with torch.set_grad_enabled(grad):
            return net(x), [kernel.detach() for kernel in convolution_kernels(net)]

    before = call()
    net.model.between = wait
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(call)
        assert begun.wait(60)
        net.model.between = lambda: None
        net.banks["3"].embeddings.data.mul_(2)
        between = call()
        changed.set()
        after = slow.result()
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    torch.testing.assert_close(between, call(), rtol=0, atol=0)
    assert not torch.allclose(after[0], between[0])


def test_many_calls_at_once():
    net, x = hyper(Small()), double_images()
    expected = torch.autograd.grad(net(x).square().sum(), list(net.parameters()))

    def gradients(_):
        return torch.autograd.grad(net(x).square().sum(), list(net.parameters()))

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(gradients, range(16)):
            torch.testing.assert_close(found, expected)


def test_a_thread_has_the_kernels_of_its_own_calls_alone():
    net, x = hyper(Small()), double_images()
    with net.generated() as model:
        with pytest.raises(RuntimeError, match=r"first has a .* with net.generated\(\)"):
            elsewhere(model, x)
        torch.testing.assert_close(elsewhere(net, x), model(x))
        net.banks["3"].embeddings.data.mul_(2)
        assert not torch.allclose(elsewhere(net, x), model(x))  # a block's are its start's
    with pytest.raises(RuntimeError, match="no kernels before its first call in this thread"):
        elsewhere(convolution_kernels, net)


def test_copies_and_files_made_within_a_call_are_outside_of_it():
    net, x = hyper(Small()), double_images()
    file = io.BytesIO()
    with net.generated():
        copied = copy.deepcopy(net)
        torch.save(net, file)
    file.seek(0)
    for other in (copied, torch.load(file, weights_only=False)):
        with pytest.raises(RuntimeError, match="first has a generated kernel"):
            other.model(x)
        torch.testing.assert_close(other(x), net(x))
        assert other.current.banks is other.banks


class Checkpointed(Small):
    """Computes its hidden layers again in the backward pass."""

    reentrant = False

    def forward(self, x):
        hidden = checkpoint(lambda x: self.second(self.first(x)), x, use_reentrant=self.reentrant)
        return self.last(self.wide(hidden))


class Reentrant(Checkpointed):
    reentrant = True


def gradients(net, loss=None):
    """Of a loss, by default of a call made now, in the order of the parameters."""
    net.zero_grad()
    (net(double_images().requires_grad_()).square().sum() if loss is None else loss).backward()
    return [p.grad.clone() for p in net.parameters()]


@pytest.mark.parametrize("kind", [Checkpointed, Reentrant])
def test_a_backward_pass_that_calls_layers_again(kind):
    net, plain = hyper(kind()), hyper(Small())
    expected = gradients(plain)
    torch.testing.assert_close(gradients(net), expected)
    x = double_images().requires_grad_()
    loss = net(x).square().sum()
    with torch.no_grad():  # another call, whose kernels are not the loss's
        torch.func.functional_call(net, {n: 2 * p for n, p in net.named_parameters()}, (x,))
    torch.testing.assert_close(elsewhere(gradients, net, loss), expected)
    with net.generated() as model:
        torch.testing.assert_close(gradients(net, model(x).square().sum()), expected)
        torch.testing.assert_close(gradients(net), expected)


def test_a_network_that_is_called_again_as_a_whole():
    net, x = hyper(Small()), double_images().requires_grad_()
    expected = gradients(net)
    loss = checkpoint(net, x, use_reentrant=False).square().sum()
    torch.testing.assert_close(gradients(net, loss), expected)


def test_second_derivatives_with_activation_checkpointing():
    found = []
    for net in (hyper(Small()), hyper(Checkpointed())):
        embeddings, x = net.banks["3"].embeddings, double_images()
        (first,) = torch.autograd.grad(net(x).square().sum(), [embeddings], create_graph=True)
        found.append(torch.autograd.grad(first.square().sum(), [embeddings]))
    torch.testing.assert_close(found[1], found[0])


def test_a_layers_kernel_alone_is_that_of_all():
    net = hyper(Small())
    for name, kernel in net.kernels().items():
        torch.testing.assert_close(net.current.weight(name), kernel)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch's own reading
def test_compiled_parts_find_the_kernels_of_the_call_around_them():
    net, x = hyper(Small()), double_images()
    expected = net(x)
    net.model.second = torch.compile(net.model.second, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(net(x), expected)
    torch.testing.assert_close(elsewhere(net, x), expected)
    net.banks["3"].embeddings.data.mul_(2)
    assert not torch.allclose(net(x), expected)
    whole = torch.compile(hyper(Small()), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(whole(x), expected)
    torch.testing.assert_close(elsewhere(whole, x), expected)
