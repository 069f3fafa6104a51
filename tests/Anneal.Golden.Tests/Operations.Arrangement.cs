namespace Anneal.Golden.Tests;

/// <content>Operations that arrange and choose elements.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Arrangement => new()
    {
        ["transpose"] = One(a => a["x"].Transpose([.. a.Integers("perm").Select(i => (int)i)])),
        ["reshape"] = One(a => a["x"].Reshape(a.Integers("shape"))),
        ["slice"] = One(a => a["x"].Slice(a.Integers("start"), a.Integers("stop"), a.Integers("step"))),
        ["pad_constant"] = One(a => a["x"].Pad(a.Integers("before"), a.Integers("after"), a.Number("value"))),
        ["pad_reflect"] = One(a => a["x"].PadReflect(a.Integers("before"), a.Integers("after"))),
        ["concat"] = One(a => Tensor.Concat(a.Integer("axis"), a.All)),
        ["stack"] = One(a => Tensor.Stack(a.Integer("axis"), a.All)),
        ["broadcast_to"] = One(a => a["x"].BroadcastTo(a.Integers("shape"))),
        ["flip"] = One(a => a.Integers("axes").Aggregate(a["x"], (x, axis) => x.Flip((int)axis))),
        ["tril"] = One(a => a["x"].Tril(a.Integer("diagonal"))),
        ["gather"] = One(a => a["x"].GatherAlong(a.Integer("axis"), a["i"])),
        ["index_select"] = One(a => a["x"].Gather(a.Integer("axis"), a["i"])),
        ["scatter_add"] = One(a => a["x"].ScatterAddAlong(a.Integer("axis"), a["i"], a["s"])),
        ["embedding"] = One(a => a["w"].Gather(a["i"])),
        ["one_hot"] = One(a => a["i"].OneHot(a.Integer("classes"))),
        ["upsample_nearest"] = One(a => ToChannelsFirst(Enlarged(ToChannelsLast(a["x"]), a.Pair("scale", 1)))),
        ["upsample_bilinear"] = One(a =>
        {
            (int height, int width) = a.Pair("size", 1);
            return ToChannelsFirst(ToChannelsLast(a["x"]).ResizeBilinear(height, width, a.Flag("align_corners")));
        }),
    };

    private static Tensor Enlarged(Tensor image, (int Height, int Width) scale) =>
        image.ResizeNearest(image.Shape[1] * scale.Height, image.Shape[2] * scale.Width);
}
