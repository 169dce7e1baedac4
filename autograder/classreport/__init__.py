"""The class report: what an instructor should know of a graded assignment, and look at.

facts     everything the report says, as plain data; gathered from results and gradebook
items     item analysis: facility and discrimination
counts    cases and known mistakes, counted over the class
outliers  answers that took much more time than the class's, or were stopped
likeness  submissions that look alike
charts    figures as shapes, for SVG
page      the HTML page

It draws no conclusion about a person: flags and likenesses are things to look at.
"""
