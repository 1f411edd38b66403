"""Words by which variants of one product differ: sizes, colours, flavours. Base forms, see model.catalogue.words."""

from __future__ import annotations

from model.catalogue.word_lists import words_of

# Next to a number; alone, as in 'granola bar', they say what the product is.
UNITS = words_of(
    """
    ct count pk pack package ea each pc pcs piece oz ounce fl fluid floz lb pound gal gallon qt quart pt pint cup
    g gm gr gram kg kilogram mg mcg ml milliliter millilitre cl l liter litre in inch ft foot feet yd yard mm cm m
    meter metre sq sqft mil watt w volt v amp mah gb tb mb roll sheet load serving bag box bottle can jar tube tub
    pouch carton canister case bar stick packet sachet tablet capsule caplet softgel dozen doz x
    """
)
SIZES = words_of(
    """
    xs xxs xl xxl xxxl small medium med large sm lg jumbo mini family-size value-size size sized giant mega travel
    trial personal individual single-serve big bigger tall petite
    """
)
COLOURS = words_of(
    """
    black white red blue green yellow orange purple pink brown grey gray beige ivory navy teal turquoise aqua
    violet lavender lilac magenta maroon burgundy crimson scarlet coral gold golden silver bronze copper khaki
    charcoal indigo multicolor multicolour assorted-color
    """
)
# None that names a product of its own before a common noun, such as olive (oil), almond (milk) or chicken (soup).
FLAVOURS = words_of(
    """
    apple apricot banana berry blackberry blackcurrant blueberry bubblegum butterscotch cantaloupe caramel cherry
    chocolate cinnamon citrus clementine cranberry cucumber espresso eucalyptus fig flavor flavour flavored
    flavoured fruit ginger grape grapefruit guava hazelnut hibiscus hickory honey honeydew jalapeno jasmine kiwi
    lemon lemonade licorice lime lychee mandarin mango maple melon mesquite mint mocha nectarine original papaya
    passionfruit peach pear peppermint pineapple pistachio plum pomegranate raspberry rhubarb scent scented
    spearmint strawberry tangerine teriyaki toffee tropical unflavored unscented vanilla watermelon wintergreen
    yuzu acai coconut lavender creme key french dark milk-chocolate white-chocolate
    """
)
# Words that many products have; two products that share no others are not variants of one.
GENERIC = words_of(
    """
    organic natural all pure premium classic real fresh free fat low nonfat reduced light lite gluten vegan whole
    sugar calorie diet zero unsweetened sweetened the and with of in de homestyle style brand new
    """
)
# Of a script without spaces, as parts of a word.
CHINESE = words_of(
    """
    粉红色 黑色 白色 红色 蓝色 绿色 黄色 橙色 紫色 粉色 棕色 灰色 米色 金色 银色 咖啡色
    草莓味 香草味 巧克力味 原味 柠檬味 苹果味 芒果味 香蕉味 葡萄味 薄荷味 蜂蜜味 咖啡味 番茄味 烧烤味 麻辣味
    家庭装 特大号 大号 中号 小号 加大 均码
    """
)
CHINESE_UNITS = words_of("毫升 千克 公斤 厘米 毫米 克 升 米 瓶 袋 盒 包 支 片 只 件 个 罐 条 装 寸")
