"""labml_nn's HyperLSTM in its own layout of weights, written from its description: the equations
with layer norm of epsilon 1e-5, gates i, f, g, o, no forget bias."""

import torch
import torch.nn.functional as F


def random_state_dict(input_size, hidden_size, hyper_size, n_z, n_layers):
    generator = torch.Generator().manual_seed(5)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    found = {}
    for k in range(n_layers):
        size = input_size if k == 0 else hidden_size
        cell = {
            "hyper.hidden_lin.weight": draw(4 * hyper_size, hyper_size),
            "hyper.hidden_lin.bias": draw(4 * hyper_size),
            "hyper.input_lin.weight": draw(4 * hyper_size, hidden_size + size),
            "z_h.weight": draw(4 * n_z, hyper_size),
            "z_h.bias": draw(4 * n_z),
            "z_x.weight": draw(4 * n_z, hyper_size),
            "z_x.bias": draw(4 * n_z),
            "z_b.weight": draw(4 * n_z, hyper_size),
        }
        for prefix, width in (("", hidden_size), ("hyper.", hyper_size)):
            for name in ("layer_norm.0", "layer_norm.1", "layer_norm.2", "layer_norm.3"):
                cell |= {f"{prefix}{name}.{part}": draw(width) for part in ("weight", "bias")}
            cell |= {f"{prefix}layer_norm_c.{part}": draw(width) for part in ("weight", "bias")}
        for y in range(4):
            cell |= {f"d_{part}.{y}.weight": draw(hidden_size, n_z) for part in "hxb"}
            cell[f"d_b.{y}.bias"] = draw(hidden_size)
            cell[f"w_h.{y}"] = draw(hidden_size, hidden_size)
            cell[f"w_x.{y}"] = draw(hidden_size, size)
        found |= {f"cells.{k}.{name}": value for name, value in cell.items()}
    return found


def step(w, x, h, c, h_hat, c_hat):
    def norm(y, name):
        return F.layer_norm(y, y.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])

    def update(sums, c, prefix):
        normed = [
            F.layer_norm(
                y,
                y.shape[-1:],
                w[f"{prefix}layer_norm.{k}.weight"],
                w[f"{prefix}layer_norm.{k}.bias"],
            )
            for k, y in enumerate(sums)
        ]
        i, f, g, o = normed
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(norm(c, f"{prefix}layer_norm_c")), c

    x_hat = torch.cat((h, x), -1)
    sums = F.linear(h_hat, w["hyper.hidden_lin.weight"], w["hyper.hidden_lin.bias"])
    sums = sums + F.linear(x_hat, w["hyper.input_lin.weight"])
    h_hat, c_hat = update(sums.chunk(4, -1), c_hat, "hyper.")
    z = {part: F.linear(h_hat, w[f"z_{part}.weight"], w.get(f"z_{part}.bias")) for part in "hxb"}
    z = {part: value.chunk(4, -1) for part, value in z.items()}
    sums = [
        F.linear(z["h"][y], w[f"d_h.{y}.weight"]) * F.linear(h, w[f"w_h.{y}"])
        + F.linear(z["x"][y], w[f"d_x.{y}.weight"]) * F.linear(x, w[f"w_x.{y}"])
        + F.linear(z["b"][y], w[f"d_b.{y}.weight"], w[f"d_b.{y}.bias"])
        for y in range(4)
    ]
    return *update(sums, c, ""), h_hat, c_hat


def run(state_dict, x, state):
    """x (T, B, D), state of (L, B, ...) each, to the last layer's h and the states at the end."""
    layers = [list(part) for part in zip(*state, strict=True)]
    output = []
    for inp in x:
        for k, layer in enumerate(layers):
            prefix = f"cells.{k}."
            w = {n.removeprefix(prefix): v for n, v in state_dict.items() if n.startswith(prefix)}
            layers[k] = list(step(w, inp, *layer))
            inp = layers[k][0]
        output.append(inp)
    return torch.stack(output), [torch.stack(part) for part in zip(*layers, strict=True)]
