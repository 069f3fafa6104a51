using System.Text.Json.Nodes;

namespace Anneal.Tests;

/// <summary>Layers of all cases and variants are made again from what they store.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void EveryCaseSurvivesBeingStored()
    {
        foreach (Layer layer in LayerCases.All.SelectMany(c => c.Variants.Select(v => v.Make()).Prepend(c.Make())))
        {
            string stored = LayerRegistry.Write(layer).Values.ToJsonString();
            var config = new LayerConfig("test", JsonNode.Parse(stored)!.AsObject(), "test");
            Layer again = LayerRegistry.Read(config);
            config.RequireAllRead();
            Assert.Equal(layer.GetType(), again.GetType());
            Assert.Equal(stored, LayerRegistry.Write(again).Values.ToJsonString());
        }
    }
}
